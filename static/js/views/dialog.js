// A question that needs an answer, and what it is about. Escape is always an answer: it changes nothing.
import { name, t } from "../models/strings.js"
import { element } from "./element.js"
import { defaultPlace } from "./focus.js"
import { icon } from "./icon.js"

export class Dialog {
  #list = element("ul", { class: "dialog-list", tabindex: "0" })
  #status = element("p", { class: "dialog-status", role: "status" })
  #actions = element("div", { class: "dialog-actions" })
  #shown = ""

  // `closed()` hears of its end; `act(action, id)` of the buttons: those at the foot, and those of an item with its id.
  constructor({ title, lead, act, closed }) {
    const heading = element("h2", { class: "dialog-title", id: "dialog-title" }, title)
    const close = element("button", { class: "button button-quiet button-icon", type: "button", "aria-label": t("js-close"), title: t("js-close"), "data-action": "cancel" }, icon("x"))
    this.#list.setAttribute("aria-labelledby", "dialog-title")
    this.element = element("dialog", { class: "dialog", "aria-labelledby": "dialog-title", "aria-describedby": "dialog-lead" },
      element("header", { class: "dialog-header" }, heading, close),
      element("p", { class: "dialog-lead", id: "dialog-lead" }, lead),
      this.#list, this.#status, this.#actions)
    this.element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-action]")
      if (button) act(button.dataset.action, button.closest(".dialog-item")?.dataset.id)
    })
    this.element.addEventListener("close", () => {
      this.element.remove()
      closed()
      // What opened it may be gone.
      if (document.activeElement === document.body) defaultPlace()?.focus({ preventScroll: true })
    })
    document.body.append(this.element)
  }

  open() {
    this.element.showModal()
  }

  close() {
    this.element.close()
  }

  // Items are as in models/unsent.js; `actions` are the names of what can be done with each.
  list(items, actions = []) {
    const words = JSON.stringify([items, actions])
    if (this.#shown === words) return
    this.#shown = words
    const before = this.#list.contains(document.activeElement)
    this.#list.replaceChildren(...items.map(({ id, isDraft, roomName, note, text }) => element("li", { class: "dialog-item", "data-id": id, "data-failed": Boolean(note) && !isDraft },
      element("p", { class: "dialog-item-head" }, name(roomName ?? "", "dialog-item-room"), note ? element("span", { class: "dialog-item-note" }, note) : ""),
      element("p", { class: "dialog-item-text", dir: "auto" }, text),
      ...(actions.length ? [element("p", { class: "dialog-item-actions" }, ...actions.map(action => link(action)))] : []))))
    if (before) this.#list.focus({ preventScroll: true })
  }

  // Buttons at the foot by their action: `{send: "button-primary"}`. The first takes the focus when there was none.
  offer(actions) {
    const wanted = Object.entries(actions)
    const shown = [...this.#actions.children].map(({ dataset }) => dataset.action)
    if (shown.join() === wanted.map(([action]) => action).join()) return
    const hadFocus = this.#actions.contains(document.activeElement) || !this.element.contains(document.activeElement)
    this.#actions.replaceChildren(...wanted.map(([action, look]) => element("button", { class: `button ${look}`, type: "button", "data-action": action }, t(`js-leave-${action}`))))
    if (hadFocus) this.#actions.firstElementChild?.focus({ preventScroll: true })
  }

  say(text) {
    if (this.#status.textContent !== text) this.#status.textContent = text
  }
}

function link(action) {
  return element("button", { class: "button-link", type: "button", "data-action": action }, t(`js-${action}`))
}
