// The slim bar under the room's name: what the connection is doing.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

const PATIENCE = 600
const GOOD_NEWS = 2_000

export class Notice {
  #timer = 0
  #isUpdated = false

  constructor(element) {
    this.element = element
  }

  // A short hiccup is not worth a word.
  offline() {
    const isOffline = !navigator.onLine
    const state = isOffline ? "offline" : "reconnecting"
    clearTimeout(this.#timer)
    if (this.element.dataset.state === state) return
    this.#timer = setTimeout(() => this.#show(state, "cloud-off", t(isOffline ? "js-offline" : "js-reconnecting")), PATIENCE)
  }

  connected() {
    clearTimeout(this.#timer)
    const { state } = this.element.dataset
    if (state !== "offline" && state !== "reconnecting") return
    this.#show("online", null, t("js-connected"))
    this.#timer = setTimeout(() => (this.#isUpdated ? this.#showUpdated() : this.clear()), GOOD_NEWS)
  }

  updated() {
    this.#isUpdated = true
    if (this.element.dataset.state === "none") this.#showUpdated()
  }

  clear() {
    clearTimeout(this.#timer)
    this.element.dataset.state = "none"
    this.element.replaceChildren()
  }

  #showUpdated() {
    const button = element("button", { class: "button-link", type: "button", "data-action": "reload" }, t("js-reload"))
    button.addEventListener("click", () => location.reload())
    this.#show("updated", "refresh-cw", t("js-new-version"), button)
  }

  #show(state, symbol, text, ...more) {
    this.element.dataset.state = state
    this.element.replaceChildren(...(symbol ? [icon(symbol)] : []), element("span", {}, text), ...more)
  }
}
