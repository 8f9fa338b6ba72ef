// The bar below the room's header: connection problems, unsaved messages, a new version.
import { plural, t } from "../models/strings.js"
import { element } from "./element.js"
import { defaultFocus } from "./focus.js"
import { icon } from "./icon.js"

const SHOW_AFTER = 600
const CONNECTED_FOR = 2_000
const COUNTDOWN_INTERVAL = 250

export class StatusBar {
  #timer = 0
  #version = null
  #declined = null
  #isPersistent = true
  #persistenceTimer = 0
  #countdownTimer = 0
  #shown = ""
  #since = 0
  #tries = { nextTry: null, canTry: true }
  #countdown = element("span", { class: "status-bar-countdown", "aria-live": "off" })
  #useHere = element("button", { class: "button-link", type: "button", "data-action": "use-here" }, t("js-use-here"))
  #retryButton = element("button", { class: "button-link", type: "button", "data-action": "retry" }, t("js-try-now"))

  // Calls `onRetry()` to reconnect now, `onClaim()` to use this window instead of another.
  constructor(element, { onRetry, onClaim }) {
    this.element = element
    this.#useHere.addEventListener("click", onClaim)
    this.#retryButton.addEventListener("click", onRetry)
  }

  // Offline; `tries` has the next attempt. Short interruptions are not shown.
  offline(tries) {
    this.#tries = tries
    if (this.#isOffline) return this.#showOffline()
    this.#since ||= Date.now()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#showOffline(), this.#since + SHOW_AFTER - Date.now())
  }

  connected() {
    clearTimeout(this.#timer)
    this.#stopCounting()
    if (!this.#isOffline) return
    this.#show("online", null, t("js-connected"))
    this.#timer = setTimeout(() => this.#showQuiet(), CONNECTED_FOR)
  }

  // A new version; once declined, it is not offered again.
  updated(version) {
    this.#version = version
    if (this.element.dataset.state === "none") this.#showQuiet()
  }

  // Whether unsent messages survive this window.
  setPersistent(isPersistent) {
    if (this.#isPersistent === isPersistent) return
    this.#isPersistent = isPersistent
    clearTimeout(this.#persistenceTimer)
    const { state } = this.element.dataset
    if (this.#isOffline) this.#showOffline()
    else if (isPersistent && state === "unkept") this.#showQuiet()
    else if (!isPersistent) this.#persistenceTimer = setTimeout(() => ["none", "updated"].includes(this.element.dataset.state) && this.#showQuiet(), SHOW_AFTER)
  }

  clear() {
    clearTimeout(this.#timer)
    clearTimeout(this.#persistenceTimer)
    this.#stopCounting()
    this.#replace("none", [])
  }

  get #isOffline() {
    return ["offline", "reconnecting", "crowded", "replaced"].includes(this.element.dataset.state)
  }

  #showOffline() {
    const { obstacle } = this.#tries
    const state = obstacle?.kind ?? (navigator.onLine ? "reconnecting" : "offline")
    const text = {
      crowded: obstacle?.message ?? "", replaced: t("js-used-elsewhere"), reconnecting: t("js-unreachable"),
      offline: t(this.#isPersistent ? "js-no-network" : "js-no-network-unsaved"),
    }[state]
    const actions = obstacle ? [this.#useHere] : state === "reconnecting" ? [this.#countdown, this.#retryButton] : [this.#retryButton]
    const warning = this.#isPersistent ? [] : [element("span", {}, t("js-not-saved"))]
    this.#updateCountdown()
    this.#countdownTimer ||= setInterval(() => this.#updateCountdown(), COUNTDOWN_INTERVAL)
    if (this.#shown !== state + text + warning.length) this.#show(state, obstacle ? "circle-alert" : "cloud-off", text, ...actions, ...warning)
    this.#shown = state + text + warning.length
  }

  // Not announced to screen readers.
  #updateCountdown() {
    const { nextTry, canTry } = this.#tries
    const seconds = Math.ceil((nextTry - Date.now()) / 1_000)
    const text = nextTry && seconds > 0 ? plural("js-next-try", seconds) : t("js-trying")
    if (this.#countdown.textContent !== text) this.#countdown.textContent = text
    this.#retryButton.hidden = !canTry
  }

  #stopCounting() {
    clearInterval(this.#countdownTimer)
    this.#countdownTimer = this.#since = 0
  }

  #showQuiet() {
    if (!this.#isPersistent) this.#show("unkept", "circle-alert", t("js-not-saved"))
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
    this.#replace(state, [...(symbol ? [icon(symbol)] : []), element("span", {}, text), ...more])
  }

  #replace(state, children) {
    const hadFocus = this.element.contains(document.activeElement)
    this.#shown = ""
    this.element.dataset.state = state
    this.element.replaceChildren(...children)
    if (!hadFocus) return
    const button = [this.#retryButton, this.#useHere].find(button => children.includes(button))
    ;(button ?? defaultFocus())?.focus({ preventScroll: true })
  }
}
