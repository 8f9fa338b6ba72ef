// Tracks what was read: a message whose end was visible in a focused window.
const CHECK_DELAY = 300

export class ReadTracker {
  #timer = 0
  #observer
  #observed = new Set()
  isPaused = false

  // Calls `onRead(seq)` with the last visible message.
  constructor(scroller, transcript, onRead) {
    Object.assign(this, { log: scroller.element, transcript, onRead })
    // Checks when messages enter the viewport; what scrolls by faster than the delay is not read.
    this.#observer = new IntersectionObserver(() => this.check(), { root: this.log, threshold: [0, 1] })
  }

  get isAttended() {
    return document.visibilityState === "visible" && document.hasFocus()
  }

  check() {
    if (this.#timer || this.isPaused) return
    this.#timer = setTimeout(() => {
      this.#timer = 0
      this.#observe()
      const seq = this.#lastOnScreen()
      if (seq && this.isAttended && !this.isPaused) this.onRead(seq)
    }, CHECK_DELAY)
  }

  stop() {
    clearTimeout(this.#timer)
    this.#observer.disconnect()
  }

  // Observes new messages, and drops removed ones.
  #observe() {
    for (const article of this.#observed) {
      if (article.isConnected) continue
      this.#observer.unobserve(article)
      this.#observed.delete(article)
    }
    for (const article of this.transcript.articles) {
      if (this.#observed.has(article)) continue
      this.#observed.add(article)
      this.#observer.observe(article)
    }
  }

  #lastOnScreen() {
    if (this.log.checkVisibility && !this.log.checkVisibility({ visibilityProperty: true })) return 0
    const { top, bottom } = this.log.getBoundingClientRect()
    const shown = this.transcript.articles.findLast(article => {
      const end = article.getBoundingClientRect().bottom
      return end > top && end <= bottom + 4
    })
    return shown ? Number(shown.dataset.seq) : 0
  }
}
