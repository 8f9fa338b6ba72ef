// A modal dialog with a list of items. Escape closes it and changes nothing.
import { roomName as displayRoomName } from "../models/display_names.js"
import { name, t } from "../models/strings.js"
import { element } from "./element.js"
import { defaultFocus } from "./focus.js"
import { icon } from "./icon.js"

export class Dialog {
  #list = element("ul", { class: "dialog-list", tabindex: "0" })
  #status = element("p", { class: "dialog-status", role: "status" })
  #actions = element("div", { class: "dialog-actions" })
  #shown = ""

  // Calls `onClose()`, and `onAction(action, id)` with the item's id for buttons of an item.
  constructor({ title, lead, onAction, onClose }) {
    const heading = element("h2", { class: "dialog-title", id: "dialog-title" }, title)
    const close = element("button", { class: "button button-quiet button-icon", type: "button", "aria-label": t("js-close"), title: t("js-close"), "data-action": "cancel" }, icon("x"))
    this.#list.setAttribute("aria-labelledby", "dialog-title")
    this.element = element("dialog", { class: "dialog", "aria-labelledby": "dialog-title", "aria-describedby": "dialog-lead" },
      element("header", { class: "dialog-header" }, heading, close),
      element("p", { class: "dialog-lead", id: "dialog-lead" }, lead),
      this.#list, this.#status, this.#actions)
    this.element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-action]")
      if (button) onAction(button.dataset.action, button.closest(".dialog-item")?.dataset.id)
    })
    this.element.addEventListener("close", () => {
      this.element.remove()
      onClose()
      // The opener may be gone.
      if (document.activeElement === document.body) defaultFocus()?.focus({ preventScroll: true })
    })
    document.body.append(this.element)
  }

  open() {
    this.element.showModal()
  }

  close() {
    this.element.close()
  }

  // Items as in models/unsent.js; `actions` are the buttons of each.
  setItems(items, actions = []) {
    const key = JSON.stringify([items, actions])
    if (this.#shown === key) return
    this.#shown = key
    const before = this.#list.contains(document.activeElement)
    this.#list.replaceChildren(...items.map(({ id, isDraft, roomId, roomName, note, text }) => element("li", { class: "dialog-item", "data-id": id, "data-failed": Boolean(note) && !isDraft },
      element("p", { class: "dialog-item-head" }, name(displayRoomName({ id: roomId, name: roomName ?? "" }), "dialog-item-room"), note ? element("span", { class: "dialog-item-note" }, note) : ""),
      element("p", { class: "dialog-item-text", dir: "auto" }, text),
      ...(actions.length ? [element("p", { class: "dialog-item-actions" }, ...actions.map(action => link(action)))] : []))))
    if (before) this.#list.focus({ preventScroll: true })
  }

  // The dialog's buttons, as `{send: "button-primary"}`. The first gets the focus if nothing has it.
  setActions(actions) {
    const wanted = Object.entries(actions)
    const shown = [...this.#actions.children].map(({ dataset }) => dataset.action)
    if (shown.join() === wanted.map(([action]) => action).join()) return
    const hadFocus = this.#actions.contains(document.activeElement) || !this.element.contains(document.activeElement)
    this.#actions.replaceChildren(...wanted.map(([action, style]) => element("button", { class: `button ${style}`, type: "button", "data-action": action }, t(`js-sign-out-${action}`))))
    if (hadFocus) this.#actions.firstElementChild?.focus({ preventScroll: true })
  }

  setStatus(text) {
    if (this.#status.textContent !== text) this.#status.textContent = text
  }
}

function link(action) {
  return element("button", { class: "button-link", type: "button", "data-action": action }, t(`js-${action}`))
}
