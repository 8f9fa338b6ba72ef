// Keyboard focus when the page changes under it: it never falls back to the top of the page.
const FOCUSABLE = 'a[href], button:not(:disabled), input:not([type="hidden"]), select, textarea, summary, [tabindex]'

// Focuses a part of the page that is not in the tab order by itself, such as a message.
export function focusNode(node) {
  if (!node.matches(FOCUSABLE)) node.tabIndex = -1
  node.focus({ preventScroll: true })
}

// Makes a change. When that takes away or hides what had the focus inside the container, its counterpart of after the
// change gets it, otherwise the fallback.
export function keepFocus(container, change, fallback = defaultPlace()) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null
  const place = focused && describe(focused, container)
  change()
  if (!focused || document.activeElement === focused && focused.checkVisibility()) return
  const next = focused.isConnected && focused.checkVisibility() ? focused : counterpart(place, container) ?? fallback
  if (next) focusNode(next)
}

// Where to go on when nothing else is left: the message box, or the room.
export function defaultPlace() {
  return document.getElementById("composer-content") ?? document.getElementById("log") ?? document.getElementById("room")
}

// An element is found again by the id of the nearest part that has one, and by its place in that part.
function describe(focused, container) {
  const part = focused.closest("[id], [data-user-id], [data-room-id]")
  const isInside = part && part !== container && container.contains(part)
  return { selector: isInside ? selectorOf(part) : null, index: focusables(isInside ? part : container).indexOf(focused) }
}

function selectorOf(part) {
  if (part.id) return `#${CSS.escape(part.id)}`
  return part.dataset.userId ? `[data-user-id="${part.dataset.userId}"]` : `[data-room-id="${part.dataset.roomId}"]`
}

function counterpart({ selector, index }, container) {
  const part = selector ? container.querySelector(selector) : container
  return part && focusables(part)[index]
}

// The part itself is one too.
function focusables(part) {
  return [part, ...part.querySelectorAll(FOCUSABLE)].filter(node => node.matches(FOCUSABLE) && node.checkVisibility())
}
