import { Controller } from "./registry.js"
import { outbox } from "../models/outbox.js"
import { rooms } from "../models/rooms.js"
import { plural, t } from "../models/strings.js"
import { drop, stranded } from "../models/unsent.js"
import { copyText } from "../views/copying.js"
import { Dialog } from "../views/dialog.js"
import { icon } from "../views/icon.js"

const PAUSE = 100

// What I wrote for a place that is no longer there: a line in the sidebar, and behind it the texts themselves.
export default class Unsent extends Controller {
  connect() {
    this.on(outbox, "change", this.later)
    this.on(rooms, "change", this.later)
    this.on(this.element, "click", this.open)
    this.later()
  }

  disconnect() {
    clearTimeout(this.timer)
    this.dialog?.close()
  }

  later() {
    this.timer ??= setTimeout(() => this.update(), PAUSE)
  }

  async update() {
    const items = await stranded()
    this.timer = null
    this.items = items
    this.element.hidden = items.length === 0
    this.element.replaceChildren(icon("circle-alert"), plural("js-unsent", items.length))
    if (!this.dialog) return
    if (items.length === 0) this.dialog.close()
    else this.dialog.list(items, ["copy", "discard"])
  }

  open() {
    this.dialog = new Dialog({
      title: t("js-unsent-title"),
      lead: t("js-unsent-lead"),
      act: (action, id) => this.act(action, id),
      closed: () => (this.dialog = null),
    })
    this.dialog.list(this.items, ["copy", "discard"])
    this.dialog.open()
  }

  async act(action, id) {
    const item = this.items.find(item => item.id === id)
    if (action === "cancel") return this.dialog.close()
    if (!item) return
    if (action === "copy") return this.dialog.say(t((await copyText(item.text, this.dialog.element)) ? "js-copied" : "js-not-copied"))
    await drop(item)
    this.later()
  }
}
