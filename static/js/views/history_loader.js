// One end of the loaded messages: loads older (or newer) ones when it comes near the viewport.
import { t } from "../models/strings.js"
import { element } from "./element.js"

const PRELOAD_MARGIN = { older: "600px 0px 0px 0px", newer: "0px 0px 600px 0px" }

export class HistoryLoader {
  #isLoading = false

  // `side` is "older" or "newer"; `fetch()` returns whether it succeeded.
  constructor(side, container, scroller, fetch) {
    this.side = side
    this.fetch = fetch
    this.row = container.querySelector(`:scope > .${side}`) ?? element("p", { class: side, id: side, hidden: true },
      element("button", { class: "button button-quiet", type: "button" }))
    this.button = this.row.firstElementChild
    this.button.textContent = t(`js-${side}`)
    this.row.onclick = event => {
      event.preventDefault()
      this.load()
    }
    side === "older" ? container.prepend(this.row) : container.append(this.row)
    this.observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.load(), { root: scroller, rootMargin: PRELOAD_MARGIN[side] })
    this.#watch()
  }

  setAvailable(isAvailable) {
    if (this.row.hidden !== isAvailable) return
    this.row.hidden = !isAvailable
    this.#watch()
  }

  async load() {
    if (this.#isLoading || this.row.hidden) return
    this.#isLoading = true
    this.observer.disconnect()
    this.row.dataset.state = "loading"
    this.button.textContent = t(`js-${this.side}-loading`)
    const isLoaded = await this.fetch()
    this.#isLoading = false
    this.row.dataset.state = isLoaded ? "idle" : "failed"
    this.button.textContent = t(isLoaded ? `js-${this.side}` : `js-${this.side}-failed`)
    if (isLoaded) this.#watch()
  }

  stop() {
    this.observer.disconnect()
  }

  // Observing again reports at once if it is still near.
  #watch() {
    this.observer.disconnect()
    if (!this.row.hidden) this.observer.observe(this.row)
  }
}
