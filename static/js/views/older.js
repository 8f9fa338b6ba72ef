// The upper end of what is shown: fetches older messages when the reader comes near.
import { t } from "../models/strings.js"
import { element } from "./element.js"

const AHEAD = "600px 0px 0px 0px"

export class Older {
  #isLoading = false

  // `fetch()` answers whether it worked.
  constructor(container, scroller, fetch) {
    this.fetch = fetch
    this.row = container.querySelector(":scope > .older") ?? element("p", { class: "older", id: "older", hidden: true },
      element("button", { class: "button button-quiet", type: "button" }))
    this.button = this.row.firstElementChild
    this.button.textContent = t("js-older")
    this.row.onclick = event => {
      event.preventDefault()
      this.load()
    }
    container.prepend(this.row)
    this.observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.load(), { root: scroller, rootMargin: AHEAD })
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
    this.button.textContent = t("js-older-loading")
    const worked = await this.fetch()
    this.#isLoading = false
    this.row.dataset.state = worked ? "idle" : "failed"
    this.button.textContent = t(worked ? "js-older" : "js-older-failed")
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
