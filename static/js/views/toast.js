// A word in passing, at the lower edge.
const FOR = 6_000
let timer = 0

export function toast(text) {
  const place = document.getElementById("toast")
  if (!place) return
  clearTimeout(timer)
  place.textContent = text
  timer = setTimeout(() => place.replaceChildren(), FOR)
}
