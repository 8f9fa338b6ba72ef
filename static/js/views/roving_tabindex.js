// Roving tabindex (ARIA toolbar pattern): a row of buttons is one tab stop; arrow keys, Home and End move in it.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }

export function setTabStop(bar, current) {
  for (const button of buttonsOf(bar)) button.tabIndex = button === current ? 0 : -1
}

// Returns whether the key moved the focus. Arrow keys wrap around.
export function moveFocusByKey(bar, event) {
  const { key, target } = event
  const buttons = buttonsOf(bar)
  const index = buttons.indexOf(target)
  if (!(key in STEPS) || index < 0 || event.altKey || event.ctrlKey || event.metaKey) return false
  const isRightToLeft = getComputedStyle(bar).direction === "rtl" && key.startsWith("Arrow")
  const step = isRightToLeft ? -STEPS[key] : STEPS[key]
  const next = Number.isFinite(step) ? buttons.at((index + step) % buttons.length) : buttons.at(step < 0 ? 0 : -1)
  event.preventDefault()
  setTabStop(bar, next)
  next.focus()
  return true
}

function buttonsOf(bar) {
  return [...bar.querySelectorAll("button")]
}
