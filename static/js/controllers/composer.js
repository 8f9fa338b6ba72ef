import { Controller } from "./registry.js"
import { plural, t } from "../models/strings.js"
import { drafts } from "../models/drafts.js"
import { outbox } from "../models/outbox.js"
import { element } from "../views/element.js"
import { icon } from "../views/icon.js"

const COUNT_BELOW = 200

// The message box. Enter sends and Shift+Enter starts a new line, except while an input method is composing. Events:
// "composer:send" with the content; "composer:edit" with `seq` and `content`; "composer:last" to edit the last own
// message; "composer:done" when editing ends; "composer:typing".
export default class Composer extends Controller {
  connect() {
    this.input = this.find("textarea")
    this.count = this.find("output")
    this.button = this.find('button[type="submit"]')
    this.limit = Number(this.element.dataset.limit)
    const { roomId, name } = document.querySelector(".layout").dataset
    this.room = { roomId, roomName: name }
    this.on(this.input, "keydown", this.key)
    this.on(this.input, "input", this.typed)
    this.on(this.input, "edit", ({ detail }) => this.edit(detail))
    this.on(this.element, "submit", this.send)
    this.on(outbox, "cleared", this.clear)
    this.update()
    this.loadDraft()
    const isAskedFor = document.querySelector(".people[data-open]") || location.hash || location.search
    if (matchMedia("(pointer: fine)").matches && !isAskedFor) this.input.focus({ preventScroll: true })
  }

  disconnect() {
    this.button.removeAttribute("aria-disabled")
  }

  get content() {
    return this.input.value.replace(/\r\n?/g, "\n").trim()
  }

  key(event) {
    const isComposing = event.isComposing || event.keyCode === 229
    if (event.key === "Escape" && this.editing && !isComposing) return this.stopEditing()
    if (event.key === "ArrowUp" && !this.input.value && !this.editing && !isComposing) {
      event.preventDefault()
      return this.tell("composer:last")
    }
    if (event.key !== "Enter" || event.shiftKey || event.altKey || isComposing) return
    event.preventDefault()
    this.element.requestSubmit()
  }

  send(event) {
    event.preventDefault()
    if (!this.content || this.left < 0) return this.input.focus()
    if (this.editing) return this.save()
    this.tell("composer:send", this.content)
    this.clear()
    this.saveDraft()
    this.find(".field-error")?.remove()
    this.input.focus()
  }

  typed() {
    this.update()
    if (this.editing) return
    this.saveDraft()
    if (this.content) this.tell("composer:typing")
  }

  clear() {
    if (this.editing) this.stashed = ""
    else this.input.value = ""
    this.update()
  }

  // Saves the draft on every input, so that closing the tab loses nothing.
  saveDraft() {
    this.hasTyped = true
    drafts.save({ ...this.room, text: this.input.value })
  }

  // Restores the draft, unless something was typed in the meantime.
  async loadDraft() {
    const text = await drafts.load(this.room.roomId)
    if (!text || this.hasTyped) return
    if (this.editing) this.stashed ||= text
    else this.input.value ||= text
    this.update()
  }

  // Edits an own message; the draft is put aside until editing ends.
  edit({ seq, content }) {
    if (!this.editing) this.stashed = this.input.value
    this.editing = { seq, content }
    this.banner ??= this.createBanner()
    this.find(".composer-box").before(this.banner)
    this.input.value = content
    this.update()
    this.input.focus()
    this.input.setSelectionRange(content.length, content.length)
  }

  save() {
    const { seq, content } = this.editing
    if (this.content !== content) this.tell("composer:edit", { seq, content: this.content })
    this.stopEditing()
  }

  stopEditing() {
    this.editing = null
    this.banner.remove()
    this.input.value = this.stashed
    this.update()
    this.input.focus()
    this.tell("composer:done")
  }

  createBanner() {
    const cancel = element("button", { class: "button-link", type: "button", id: "composer-cancel" }, t("js-cancel"))
    cancel.addEventListener("click", () => this.stopEditing())
    return element("p", { class: "composer-editing", id: "composer-editing", role: "status" }, icon("pencil"), element("span", {}, t("js-editing")), cancel)
  }

  update() {
    this.left = this.limit - [...this.content].length
    this.button.setAttribute("aria-disabled", !this.content || this.left < 0)
    this.input.toggleAttribute("aria-invalid", false)
    if (this.left < 0) this.input.setAttribute("aria-invalid", "true")
    this.count.hidden = this.left > COUNT_BELOW
    this.count.toggleAttribute("data-over", this.left < 0)
    if (!this.count.hidden) this.count.value = plural(this.left < 0 ? "js-characters-over" : "js-characters-left", Math.abs(this.left))
    this.grow()
  }

  // For browsers without field-sizing.
  grow() {
    if (CSS.supports("field-sizing", "content")) return
    this.input.style.blockSize = "auto"
    this.input.style.blockSize = `${this.input.scrollHeight}px`
  }
}
