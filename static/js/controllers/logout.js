import { Controller } from "./registry.js"
import { forgetEverything } from "../models/memory.js"

export default class Logout extends Controller {
  connect() {
    this.on(this.element, "submit", forgetEverything)
  }
}
