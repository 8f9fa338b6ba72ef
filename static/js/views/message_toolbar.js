// The message toolbar: shown on hover, on focus, or after a long press.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { focusNode } from "./focus.js"
import { icon } from "./icon.js"
import { moveFocusByKey, setTabStop } from "./roving_tabindex.js"

const LONG_PRESS = 450
const ICONS = { "copy-link": "link", "mark-unread": "mail", edit: "pencil", delete: "trash-2", "message-person": "message-circle" }

export class MessageToolbar {
  #article = null
  #press = 0
  #ignoreFocus = false

  // `actionsFor(article)` returns the action names; `onAction(action, article, isKeyboard)` performs one.
  constructor(container, log, { actionsFor, onAction }, signal) {
    Object.assign(this, { container, log, actionsFor, onAction })
    this.bar = element("div", { class: "message-actions", role: "toolbar", "aria-label": t("js-actions"), "aria-live": "off" })
    const on = (target, type, handler, more = {}) => target.addEventListener(type, handler.bind(this), { signal, ...more })
    on(container, "pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.show(this.#articleOf(target)))
    on(log, "pointerleave", ({ pointerType }) => pointerType === "mouse" && !this.bar.matches(":focus-within") && this.hide())
    on(container, "focusin", ({ target }) => this.#ignoreFocus || this.show(this.#articleOf(target)))
    on(this.bar, "focusin", ({ target }) => target.matches("button") && setTabStop(this.bar, target))
    on(log, "focusout", ({ relatedTarget }) => relatedTarget && !this.#article?.contains(relatedTarget) && this.hide())
    on(document, "pointerdown", this.#touched)
    for (const type of ["pointerup", "pointercancel", "pointermove"]) on(container, type, () => clearTimeout(this.#press), { passive: true })
    on(log, "keydown", this.#key)
    on(this.bar, "click", this.#click)
  }

  show(article) {
    if (article === this.#article) return
    this.hide()
    if (!article?.dataset.seq) return
    this.#article = article
    this.#renderButtons()
    article.append(this.bar)
  }

  hide() {
    this.#article = null
    this.bar.remove()
  }

  // The message changed, and perhaps its actions.
  refresh(article) {
    if (article !== this.#article || !article) return
    const actions = this.actionsFor(article)
    const shown = [...this.bar.querySelectorAll("button")].map(button => button.dataset.messageAction)
    const isConfirming = shown.includes("confirm-delete") && actions.includes("delete")
    if (isConfirming || shown.join() === actions.join()) return
    const hadFocus = this.bar.matches(":focus-within")
    this.#renderButtons()
    if (hadFocus) focusNode(article)
  }

  #articleOf(target) {
    return target.closest?.(".message") ?? this.#article
  }

  #renderButtons() {
    this.bar.replaceChildren(...this.actionsFor(this.#article).map(action => element("button", {
      class: "button button-quiet button-icon", type: "button", "data-message-action": action,
      "aria-label": t(`js-${action}`), title: t(`js-${action}`),
    }, icon(ICONS[action]))))
    setTabStop(this.bar, this.bar.firstElementChild)
  }

  // Confirms a deletion in place of the buttons.
  #confirmDelete() {
    const confirm = element("button", { class: "button button-danger", type: "button", "data-message-action": "confirm-delete" }, t("js-delete"))
    const cancel = element("button", { class: "button button-quiet", type: "button", "data-message-action": "cancel" }, t("js-cancel"))
    this.bar.replaceChildren(element("span", { class: "message-actions-question" }, t("js-delete-confirm")), confirm, cancel)
    setTabStop(this.bar, confirm)
    confirm.focus()
  }

  #click(event) {
    const action = event.target.closest("[data-message-action]")?.dataset.messageAction
    const article = this.#article
    if (!action || !article) return
    event.stopPropagation()
    if (action === "delete") return this.#confirmDelete()
    if (action === "cancel") {
      this.#renderButtons()
      return this.bar.querySelector('[data-message-action="delete"]')?.focus()
    }
    // Clicks by keyboard and assistive technology have no count.
    const isKeyboard = event.detail === 0
    this.#returnFocus(article, isKeyboard)
    this.onAction(action === "confirm-delete" ? "delete" : action, article, isKeyboard)
  }

  // Returns the focus to the message; for keyboard users the toolbar shows again.
  #returnFocus(article, isKeyboard) {
    this.hide()
    this.#ignoreFocus = !isKeyboard
    focusNode(article)
    this.#ignoreFocus = false
  }

  #touched({ target, pointerType }) {
    clearTimeout(this.#press)
    if (pointerType === "mouse") return
    if (this.bar.contains(target)) return
    if (!this.#article?.contains(target)) this.hide()
    const article = target.closest(".message")
    if (!article || !this.container.contains(article)) return
    this.#press = setTimeout(() => this.show(article), LONG_PRESS)
  }

  // Arrow keys move between messages (views/message_navigation.js), Tab into the toolbar.
  #key(event) {
    const { key, target } = event
    if (this.bar.contains(target)) {
      if (key !== "Escape") return moveFocusByKey(this.bar, event)
      this.#renderButtons()
      return focusNode(this.#article)
    }
    if (key === "Escape" && this.#article) {
      this.hide()
      return this.log.focus({ preventScroll: true })
    }
  }
}
