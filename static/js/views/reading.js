// What was really on screen: a message counts as read when its end was inside the log, in a window somebody looks at.
const PAUSE = 300

export class Reading {
  #timer = 0
  #observer
  #seen = new Set()
  isPaused = false

  // `read(seq)` hears of the last message on screen.
  constructor(scroller, transcript, read) {
    Object.assign(this, { log: scroller.element, transcript, read })
    // Entering the screen is the moment to look; what scrolls by faster than the pause was not read.
    this.#observer = new IntersectionObserver(() => this.look(), { root: this.log, threshold: [0, 1] })
  }

  get isAttended() {
    return document.visibilityState === "visible" && document.hasFocus()
  }

  look() {
    if (this.#timer || this.isPaused) return
    this.#timer = setTimeout(() => {
      this.#timer = 0
      this.#watch()
      const seq = this.#lastOnScreen()
      if (seq && this.isAttended && !this.isPaused) this.read(seq)
    }, PAUSE)
  }

  stop() {
    clearTimeout(this.#timer)
    this.#observer.disconnect()
  }

  // New messages are watched; those that went are let go.
  #watch() {
    for (const article of this.#seen) {
      if (article.isConnected) continue
      this.#observer.unobserve(article)
      this.#seen.delete(article)
    }
    for (const article of this.transcript.articles) {
      if (this.#seen.has(article)) continue
      this.#seen.add(article)
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
