import { Controller } from "./registry.js"
import { forgetEverything } from "../models/memory.js"

// On every page: leaves no private data for the next user of this browser.
export default class Page extends Controller {
  connect() {
    if (!this.element.dataset.userId) forgetEverything()
    this.on(window, "pagehide", this.hide)
    this.on(window, "pageshow", this.show)
  }

  // A page in the back/forward cache is hidden until it is reloaded.
  hide(event) {
    if (event.persisted) document.documentElement.hidden = true
  }

  show(event) {
    if (event.persisted) location.reload()
  }
}
