import { Controller } from "./registry.js"
import { outbox } from "../models/outbox.js"
import { rooms } from "../models/rooms.js"
import { plural, t } from "../models/strings.js"
import { discard, orphanedMessages } from "../models/unsent.js"
import { copyText } from "../views/clipboard.js"
import { Dialog } from "../views/dialog.js"
import { icon } from "../views/icon.js"

const DELAY = 100

// The sidebar's notice about messages that can't be sent because their room is gone, and the dialog that lists them.
export default class UnsentMessages extends Controller {
  connect() {
    this.on(outbox, "change", this.scheduleUpdate)
    this.on(rooms, "change", this.scheduleUpdate)
    this.on(this.element, "click", this.open)
    this.scheduleUpdate()
  }

  disconnect() {
    clearTimeout(this.timer)
    this.dialog?.close()
  }

  scheduleUpdate() {
    this.timer ??= setTimeout(() => this.update(), DELAY)
  }

  async update() {
    const items = await orphanedMessages()
    this.timer = null
    this.items = items
    this.element.hidden = items.length === 0
    this.element.replaceChildren(icon("circle-alert"), plural("js-unsent", items.length))
    if (!this.dialog) return
    if (items.length === 0) this.dialog.close()
    else this.dialog.setItems(items, ["copy", "discard"])
  }

  open() {
    this.dialog = new Dialog({
      title: t("js-unsent-title"),
      lead: t("js-unsent-lead"),
      onAction: (action, id) => this.act(action, id),
      onClose: () => (this.dialog = null),
    })
    this.dialog.setItems(this.items, ["copy", "discard"])
    this.dialog.open()
  }

  async act(action, id) {
    const item = this.items.find(item => item.id === id)
    if (action === "cancel") return this.dialog.close()
    if (!item) return
    if (action === "copy") return this.dialog.setStatus(t((await copyText(item.text, this.dialog.element)) ? "js-copied" : "js-not-copied"))
    await discard(item)
    this.scheduleUpdate()
  }
}
