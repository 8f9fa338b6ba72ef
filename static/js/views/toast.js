// A short message at the bottom.
const DURATION = 6_000
let timer = 0

export function toast(text) {
  const container = document.getElementById("toast")
  if (!container) return
  clearTimeout(timer)
  container.textContent = text
  timer = setTimeout(() => container.replaceChildren(), DURATION)
}
