// An end of what is shown: fetches older (or newer) messages when the reader comes near.
import { t } from "../models/strings.js"
import { element } from "./element.js"

const AHEAD = { older: "600px 0px 0px 0px", newer: "0px 0px 600px 0px" }

export class Edge {
  #isLoading = false

  // `side` is "older" or "newer"; `fetch()` answers whether it worked.
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
    this.observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.load(), { root: scroller, rootMargin: AHEAD[side] })
    this.#watch()
  }

  offer(hasOlder) {
    if (this.row.hidden !== hasOlder) return
    this.row.hidden = !hasOlder
    this.#watch()
  }

  async load() {
    if (this.#isLoading || this.row.hidden) return
    this.#isLoading = true
    this.observer.disconnect()
    this.row.dataset.state = "loading"
    this.button.textContent = t(`js-${this.side}-loading`)
    const worked = await this.fetch()
    this.#isLoading = false
    this.row.dataset.state = worked ? "idle" : "failed"
    this.button.textContent = t(worked ? `js-${this.side}` : `js-${this.side}-failed`)
    if (worked) this.#watch()
  }

  stop() {
    this.observer.disconnect()
  }

  // Observing anew reports at once when there is still room to fill.
  #watch() {
    this.observer.disconnect()
    if (!this.row.hidden) this.observer.observe(this.row)
  }
}
