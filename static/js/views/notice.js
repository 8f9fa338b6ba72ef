// The slim bar under the room's name: what the connection is doing, and quieter things when it is doing well.
import { plural, t } from "../models/strings.js"
import { element } from "./element.js"
import { defaultPlace } from "./focus.js"
import { icon } from "./icon.js"

const PATIENCE = 600
const GOOD_NEWS = 2_000
const COUNT_EVERY = 250

export class Notice {
  #timer = 0
  #version = null
  #declined = null
  #isLasting = true
  #doubt = 0
  #ticking = 0
  #shown = ""
  #since = 0
  #tries = { nextTry: null, canTry: true }
  #countdown = element("span", { class: "notice-countdown", "aria-live": "off" })
  #here = element("button", { class: "button-link", type: "button", "data-action": "use-here" }, t("js-use-here"))
  #again = element("button", { class: "button-link", type: "button", "data-action": "retry" }, t("js-try-now"))

  // `retry()` is the person's wish to try at once, `claim()` to go on here and not in another window.
  constructor(element, { retry, claim }) {
    this.element = element
    this.#here.addEventListener("click", claim)
    this.#again.addEventListener("click", retry)
  }

  // There is no connection; `tries` says when the next one is made. A short hiccup is not worth a word.
  offline(tries) {
    this.#tries = tries
    if (this.#isOffline) return this.#showOffline()
    this.#since ||= Date.now()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#showOffline(), this.#since + PATIENCE - Date.now())
  }

  connected() {
    clearTimeout(this.#timer)
    this.#stopCounting()
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
    if (this.#isOffline) this.#showOffline()
    else if (isLasting && state === "unkept") this.#rest()
    else if (!isLasting) this.#doubt = setTimeout(() => ["none", "updated"].includes(this.element.dataset.state) && this.#rest(), PATIENCE)
  }

  clear() {
    clearTimeout(this.#timer)
    clearTimeout(this.#doubt)
    this.#stopCounting()
    this.#replace("none", [])
  }

  get #isOffline() {
    return ["offline", "reconnecting", "crowded", "replaced"].includes(this.element.dataset.state)
  }

  // What the browser knows of its network decides what is said.
  #showOffline() {
    const { obstacle } = this.#tries
    const state = obstacle?.kind ?? (navigator.onLine ? "reconnecting" : "offline")
    const text = {
      crowded: obstacle?.message ?? "", replaced: t("js-used-elsewhere"), reconnecting: t("js-unreachable"),
      offline: t(this.#isLasting ? "js-offline" : "js-offline-unkept"),
    }[state]
    const actions = obstacle ? [this.#here] : state === "reconnecting" ? [this.#countdown, this.#again] : [this.#again]
    const warning = this.#isLasting ? [] : [element("span", {}, t("js-unkept"))]
    this.#count()
    this.#ticking ||= setInterval(() => this.#count(), COUNT_EVERY)
    if (this.#shown !== state + text + warning.length) this.#show(state, obstacle ? "circle-alert" : "cloud-off", text, ...actions, ...warning)
    this.#shown = state + text + warning.length
  }

  // Nothing of this is read out: only the sentence before it is news.
  #count() {
    const { nextTry, canTry } = this.#tries
    const seconds = Math.ceil((nextTry - Date.now()) / 1_000)
    const text = nextTry && seconds > 0 ? plural("js-next-try", seconds) : t("js-trying")
    if (this.#countdown.textContent !== text) this.#countdown.textContent = text
    this.#again.hidden = !canTry
  }

  #stopCounting() {
    clearInterval(this.#ticking)
    this.#ticking = this.#since = 0
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
    this.#replace(state, [...(symbol ? [icon(symbol)] : []), element("span", {}, text), ...more])
  }

  #replace(state, children) {
    const hadFocus = this.element.contains(document.activeElement)
    this.#shown = ""
    this.element.dataset.state = state
    this.element.replaceChildren(...children)
    if (!hadFocus) return
    const button = [this.#again, this.#here].find(button => children.includes(button))
    ;(button ?? defaultPlace())?.focus({ preventScroll: true })
  }
}
