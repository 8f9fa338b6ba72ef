import { Controller } from "./registry.js"
import { t } from "../models/strings.js"
import { icon } from "../views/icon.js"

export default class Password extends Controller {
  connect() {
    this.input = this.find("input")
    this.button = this.find("button")
    this.button.hidden = false
    this.show(false)
    this.on(this.button, "click", () => this.show(this.input.type === "password"))
    if (this.input.form) this.on(this.input.form, "submit", () => this.show(false))
  }

  disconnect() {
    this.show(false)
    this.button.hidden = true
  }

  show(visible) {
    const label = t(visible ? "js-hide-password" : "js-show-password")
    this.input.type = visible ? "text" : "password"
    this.button.title = label
    this.button.setAttribute("aria-label", label)
    this.button.replaceChildren(icon(visible ? "eye-off" : "eye"))
  }
}
