// Waits for the first use of the actions of messages, and repeats what happened before they were loaded.

export class FirstUse {
  // After a load that failed the Tab key must not be held: it would be caught at the message.
  hasFailed = false
  #events = []
  #listening = new AbortController()

  // `load()` is called at the first use, and again at later ones until `repeat()` ends the wait.
  constructor(container, log, load, signal) {
    this.container = container
    signal.addEventListener("abort", () => this.#listening.abort())
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal: this.#listening.signal })
    const hold = event => {
      if (!this.#isUse(event) || (this.hasFailed && event.type === "keydown")) return
      if (event.type === "keydown") event.preventDefault()
      this.#events.push(event)
      load()
    }
    on(container, "pointerover", hold)
    on(container, "focusin", hold)
    on(document, "pointerdown", hold)
    on(log, "keydown", hold)
    on(log, "pointerleave", () => this.#drop("pointerover"))
    // The end of a touch, or its scrolling, is the end of a long press.
    for (const type of ["pointerup", "pointercancel", "pointermove"]) on(document, type, () => this.#drop("pointerdown"))
  }

  repeat() {
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
    // Tab goes on to the toolbar, which is not there yet.
    if (type === "keydown") return key === "Tab" && !shiftKey && target.matches(".message[data-seq]")
    return true
  }

  #drop(type) {
    this.#events = this.#events.filter(event => event.type !== type)
  }
}
