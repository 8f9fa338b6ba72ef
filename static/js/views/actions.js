// What can be done with a message: floats in while it has the pointer or the focus, or after a long press.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { focusNode } from "./focus.js"
import { icon } from "./icon.js"
import { moveByKey, setTabStop } from "./toolbar.js"

const LONG_PRESS = 450
const ICONS = { "copy-link": "link", "mark-unread": "mail", edit: "pencil", delete: "trash-2", talk: "message-circle" }

export class Actions {
  #article = null
  #press = 0
  #isQuiet = false

  // `offered(article)` names what may be done with it; `run(action, article, isKeyboard)` does it.
  constructor(container, log, { offered, run }, signal) {
    Object.assign(this, { container, log, offered, run })
    this.bar = element("div", { class: "message-actions", role: "toolbar", "aria-label": t("js-actions"), "aria-live": "off" })
    const on = (target, type, handler, more = {}) => target.addEventListener(type, handler.bind(this), { signal, ...more })
    on(container, "pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.show(this.#of(target)))
    on(log, "pointerleave", ({ pointerType }) => pointerType === "mouse" && !this.bar.matches(":focus-within") && this.hide())
    on(container, "focusin", ({ target }) => this.#isQuiet || this.show(this.#of(target)))
    on(this.bar, "focusin", ({ target }) => target.matches("button") && setTabStop(this.bar, target))
    on(log, "focusout", ({ relatedTarget }) => relatedTarget && !this.#article?.contains(relatedTarget) && this.hide())
    on(document, "pointerdown", this.#pressed)
    for (const type of ["pointerup", "pointercancel", "pointermove"]) on(container, type, () => clearTimeout(this.#press), { passive: true })
    on(log, "keydown", this.#key)
    on(this.bar, "click", this.#click)
  }

  show(article) {
    if (article === this.#article) return
    this.hide()
    if (!article?.dataset.seq) return
    this.#article = article
    this.#offer()
    article.append(this.bar)
  }

  hide() {
    this.#article = null
    this.bar.remove()
  }

  // The message changed: what is offered may be something else now.
  refresh(article) {
    if (article !== this.#article || !article) return
    const actions = this.offered(article)
    const shown = [...this.bar.querySelectorAll("button")].map(button => button.dataset.messageAction)
    const isAsking = shown.includes("delete-sure") && actions.includes("delete")
    if (isAsking || shown.join() === actions.join()) return
    const hadFocus = this.bar.matches(":focus-within")
    this.#offer()
    if (hadFocus) focusNode(article)
  }

  #of(target) {
    return target.closest?.(".message") ?? this.#article
  }

  #offer() {
    this.bar.replaceChildren(...this.offered(this.#article).map(action => element("button", {
      class: "button button-quiet button-icon", type: "button", "data-message-action": action,
      "aria-label": t(`js-${action}`), title: t(`js-${action}`),
    }, icon(ICONS[action]))))
    setTabStop(this.bar, this.bar.firstElementChild)
  }

  // Deleting asks, where the button was.
  #ask() {
    const sure = element("button", { class: "button button-danger", type: "button", "data-message-action": "delete-sure" }, t("js-delete"))
    const not = element("button", { class: "button button-quiet", type: "button", "data-message-action": "cancel" }, t("js-cancel"))
    this.bar.replaceChildren(element("span", { class: "message-actions-question" }, t("js-delete-ask")), sure, not)
    setTabStop(this.bar, sure)
    sure.focus()
  }

  #click(event) {
    const action = event.target.closest("[data-message-action]")?.dataset.messageAction
    const article = this.#article
    if (!action || !article) return
    event.stopPropagation()
    if (action === "delete") return this.#ask()
    if (action === "cancel") {
      this.#offer()
      return this.bar.querySelector('[data-message-action="delete"]')?.focus()
    }
    // Keys and assistive technology click without a count.
    const isKeyboard = event.detail === 0
    this.#leave(article, isKeyboard)
    this.run(action === "delete-sure" ? "delete" : action, article, isKeyboard)
  }

  // The bar goes; the keyboard stays at its message, where the bar returns for those who use it by keyboard.
  #leave(article, isKeyboard) {
    this.hide()
    this.#isQuiet = !isKeyboard
    focusNode(article)
    this.#isQuiet = false
  }

  #pressed({ target, pointerType }) {
    clearTimeout(this.#press)
    if (pointerType === "mouse") return
    if (this.bar.contains(target)) return
    if (!this.#article?.contains(target)) this.hide()
    const article = target.closest(".message")
    if (!article || !this.container.contains(article)) return
    this.#press = setTimeout(() => this.show(article), LONG_PRESS)
  }

  // Arrows walk from message to message (views/walking.js); Tab goes on to what can be done with one.
  #key(event) {
    const { key, target } = event
    if (this.bar.contains(target)) {
      if (key !== "Escape") return moveByKey(this.bar, event)
      this.#offer()
      return focusNode(this.#article)
    }
    if (key === "Escape" && this.#article) {
      this.hide()
      return this.log.focus({ preventScroll: true })
    }
  }
}
