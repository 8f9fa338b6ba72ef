// The slim bar under the room's name: what the connection is doing, and quieter things when it is doing well.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

const PATIENCE = 600
const GOOD_NEWS = 2_000

export class Notice {
  #timer = 0
  #version = null
  #declined = null
  #isLasting = true
  #doubt = 0

  constructor(element) {
    this.element = element
  }

  // A short hiccup is not worth a word.
  offline() {
    const state = navigator.onLine ? "reconnecting" : "offline"
    clearTimeout(this.#timer)
    if (this.element.dataset.state === state) return
    this.#timer = setTimeout(() => this.#showOffline(state), PATIENCE)
  }

  connected() {
    clearTimeout(this.#timer)
    if (!this.#isOffline) return
    this.#show("online", null, t("js-connected"))
    this.#timer = setTimeout(() => this.#rest(), GOOD_NEWS)
  }

  // There is a newer program; who does not want it now is not asked again.
  updated(version) {
    this.#version = version
    if (this.element.dataset.state === "none") this.#rest()
  }

  // Whether what waits would survive this window.
  keeps(isLasting) {
    if (this.#isLasting === isLasting) return
    this.#isLasting = isLasting
    clearTimeout(this.#doubt)
    const { state } = this.element.dataset
    if (this.#isOffline) this.#showOffline(state)
    else if (isLasting && state === "unkept") this.#rest()
    else if (!isLasting) this.#doubt = setTimeout(() => ["none", "updated"].includes(this.element.dataset.state) && this.#rest(), PATIENCE)
  }

  clear() {
    clearTimeout(this.#timer)
    clearTimeout(this.#doubt)
    this.element.dataset.state = "none"
    this.element.replaceChildren()
  }

  get #isOffline() {
    return ["offline", "reconnecting"].includes(this.element.dataset.state)
  }

  #showOffline(state) {
    const warning = this.#isLasting ? [] : [element("span", {}, t("js-unkept"))]
    const text = state === "reconnecting" ? t("js-reconnecting") : t(this.#isLasting ? "js-offline" : "js-offline-unkept")
    this.#show(state, "cloud-off", text, ...warning)
  }

  #rest() {
    if (!this.#isLasting) this.#show("unkept", "circle-alert", t("js-unkept"))
    else if (this.#version && this.#version !== this.#declined) this.#showUpdated()
    else this.clear()
  }

  #showUpdated() {
    const reload = element("button", { class: "button-link", type: "button", "data-action": "reload" }, t("js-reload"))
    const later = element("button", { class: "button-link", type: "button", "data-action": "later" }, t("js-later"))
    reload.addEventListener("click", () => location.reload())
    later.addEventListener("click", () => {
      this.#declined = this.#version
      this.clear()
      document.getElementById("composer-content")?.focus({ preventScroll: true })
    })
    this.#show("updated", "refresh-cw", t("js-new-version"), reload, later)
  }

  #show(state, symbol, text, ...more) {
    this.element.dataset.state = state
    this.element.replaceChildren(...(symbol ? [icon(symbol)] : []), element("span", {}, text), ...more)
  }
}
