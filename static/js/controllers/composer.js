import { Controller } from "./registry.js"
import { plural } from "../models/strings.js"
import { recall, remember } from "../models/memory.js"

const COUNT_FROM = 200

// The message box. Enter sends, Shift and Enter break the line, Enter in an input method does neither.
// Tells "composer:send" with the content.
export default class Composer extends Controller {
  connect() {
    this.input = this.find("textarea")
    this.count = this.find("output")
    this.button = this.find('button[type="submit"]')
    this.limit = Number(this.element.dataset.limit)
    this.draft = `draft.${document.body.dataset.userId}.${this.element.getAttribute("action")}`
    if (!this.input.value) this.input.value = recall(this.draft) ?? ""
    this.on(this.input, "keydown", this.key)
    this.on(this.input, "input", this.change)
    this.on(this.element, "submit", this.send)
    this.change()
    if (matchMedia("(pointer: fine)").matches && !location.hash) this.input.focus({ preventScroll: true })
  }

  disconnect() {
    this.button.removeAttribute("aria-disabled")
  }

  get content() {
    return this.input.value.replace(/\r\n?/g, "\n").trim()
  }

  key(event) {
    const isComposing = event.isComposing || event.keyCode === 229
    if (event.key !== "Enter" || event.shiftKey || event.altKey || isComposing) return
    event.preventDefault()
    this.element.requestSubmit()
  }

  send(event) {
    event.preventDefault()
    if (!this.content || this.left < 0) return this.input.focus()
    this.tell("composer:send", this.content)
    this.input.value = ""
    this.find(".field-error")?.remove()
    this.change()
    this.input.focus()
  }

  change() {
    remember(this.draft, this.input.value)
    this.left = this.limit - [...this.content].length
    this.button.setAttribute("aria-disabled", !this.content || this.left < 0)
    this.input.toggleAttribute("aria-invalid", false)
    if (this.left < 0) this.input.setAttribute("aria-invalid", "true")
    this.count.hidden = this.left > COUNT_FROM
    this.count.toggleAttribute("data-over", this.left < 0)
    if (!this.count.hidden) this.count.value = plural(this.left < 0 ? "js-characters-over" : "js-characters-left", Math.abs(this.left))
    this.grow()
  }

  // Where the browser does not grow the box by itself.
  grow() {
    if (CSS.supports("field-sizing", "content")) return
    this.input.style.blockSize = "auto"
    this.input.style.blockSize = `${this.input.scrollHeight}px`
  }
}
