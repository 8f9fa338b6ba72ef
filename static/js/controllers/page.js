import { Controller } from "./registry.js"
import { forgetEverything } from "../models/memory.js"

// What every page does: leave nothing private behind for the next person at this window.
export default class Page extends Controller {
  connect() {
    if (!this.element.dataset.userId) forgetEverything()
    this.on(window, "pagehide", this.hide)
    this.on(window, "pageshow", this.show)
  }

  // A page kept in memory for "Back" is blank until it has been asked for anew.
  hide(event) {
    if (event.persisted) document.documentElement.hidden = true
  }

  show(event) {
    if (event.persisted) location.reload()
  }
}
