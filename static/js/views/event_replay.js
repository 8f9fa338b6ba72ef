// Holds the events that would use the message toolbar before it is loaded, and dispatches them afterwards.

export class EventReplay {
  // After a failed load Tab is let through, or the focus would be trapped.
  loadFailed = false
  #events = []
  #listening = new AbortController()

  // Calls `onUse()` at each use until `replay()`.
  constructor(container, log, onUse, signal) {
    this.container = container
    signal.addEventListener("abort", () => this.#listening.abort())
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal: this.#listening.signal })
    const hold = event => {
      if (!this.#isUse(event) || (this.loadFailed && event.type === "keydown")) return
      if (event.type === "keydown") event.preventDefault()
      this.#events.push(event)
      onUse()
    }
    on(container, "pointerover", hold)
    on(container, "focusin", hold)
    on(document, "pointerdown", hold)
    on(log, "keydown", hold)
    on(log, "pointerleave", () => this.#drop("pointerover"))
    // Ends a long press.
    for (const type of ["pointerup", "pointercancel", "pointermove"]) on(document, type, () => this.#drop("pointerdown"))
  }

  replay() {
    this.#listening.abort()
    for (const event of this.#events) {
      const { type, target } = event
      const isStale = !target.isConnected || (type !== "pointerover" && type !== "pointerdown" && target !== document.activeElement)
      if (isStale) continue
      if (type === "keydown") target.querySelector(".message-actions [tabindex='0']")?.focus()
      else target.dispatchEvent(new event.constructor(type, event))
    }
    this.#events = []
  }

  #isUse({ type, key, shiftKey, pointerType, target }) {
    if (type === "pointerover") return pointerType === "mouse"
    if (type === "pointerdown") return pointerType !== "mouse" && this.container.contains(target)
    // Tab moves on to the toolbar, which isn't there yet.
    if (type === "keydown") return key === "Tab" && !shiftKey && target.matches(".message[data-seq]")
    return true
  }

  #drop(type) {
    this.#events = this.#events.filter(event => event.type !== type)
  }
}
