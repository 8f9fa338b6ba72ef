// Keeps the keyboard focus when the page changes under it.
const FOCUSABLE = 'a[href], button:not(:disabled), input:not([type="hidden"]), select, textarea, summary, [tabindex]'

// Focuses an element that is not in the tab order, such as a message.
export function focusNode(node) {
  if (!node.matches(FOCUSABLE)) node.tabIndex = -1
  node.focus({ preventScroll: true })
}

// Runs `change`. If that removes or hides the focused element in the container, its counterpart gets the focus, or
// else the fallback.
export function preserveFocus(container, change, fallback = defaultFocus()) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null
  const position = focused && describe(focused, container)
  change()
  if (!focused || document.activeElement === focused && focused.checkVisibility()) return
  const next = focused.isConnected && focused.checkVisibility() ? focused : counterpart(position, container) ?? fallback
  if (next) focusNode(next)
}

// The message box, or the room.
export function defaultFocus() {
  return document.getElementById("composer-content") ?? document.getElementById("log") ?? document.getElementById("room")
}

// Identifies an element by its closest ancestor with an id, and its index in there.
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

// Includes the part itself.
function focusables(part) {
  return [part, ...part.querySelectorAll(FOCUSABLE)].filter(node => node.matches(FOCUSABLE) && node.checkVisibility())
}
