import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { forgetEverything } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { t } from "../models/strings.js"
import { unsentMessages } from "../models/unsent.js"
import { Dialog } from "../views/dialog.js"
import { toast } from "../views/toast.js"

const SEND_TIMEOUT = 1_000
const RESPONSE_TIMEOUT = 10_000

// Asks what to do with unsent messages, because signing out removes everything from this browser.
export class SignOutDialog extends Controller {
  connect() {
    this.on(outbox, "change", () => this.update())
    this.on(connection, "state", () => this.update())
  }

  disconnect() {
    this.dialog?.close()
  }

  async begin() {
    if (this.isAsking) return
    this.isAsking = true
    await this.waitForSends()
    const items = await unsentMessages()
    if (items.length === 0) return this.finish()
    this.dialog = new Dialog({ title: t("js-sign-out-title"), lead: t("js-sign-out-lead"), onAction: action => this[action](), onClose: () => this.closed() })
    this.dialog.open()
    this.show(items)
  }

  // Messages sent just now get a moment to arrive.
  async waitForSends() {
    const end = Date.now() + SEND_TIMEOUT
    while (connection.state === "online" && outbox.waiting.length > 0 && Date.now() < end) {
      await new Promise(resolve => setTimeout(resolve, SEND_TIMEOUT / 20))
    }
  }

  async update() {
    if (this.dialog) this.show(await unsentMessages())
  }

  show(items) {
    if (!this.dialog) return
    const isSending = outbox.waiting.length > 0
    if (items.length === 0) return this.finish()
    this.dialog.setItems(items)
    const isSendable = items.some(({ canSend }) => canSend)
    this.dialog.setActions({ ...(isSendable && !this.isSendRequested && { send: "button-primary" }), discard: "button-danger", cancel: "button-quiet" })
    if (!this.isSendRequested) return
    if (connection.state !== "online" && isSending) return this.dialog.setStatus(t("js-sign-out-offline"))
    if (isSending) return this.dialog.setStatus(t("js-sending"))
    this.isSendRequested = false
    this.dialog.setStatus(t("js-sign-out-failed"))
    this.show(items)
  }

  send() {
    this.isSendRequested = true
    for (const { clientId, state } of outbox.all) if (state === "failed") outbox.retry(clientId)
    if (connection.state !== "online") connection.wake()
    this.update()
  }

  discard() {
    this.finish()
  }

  cancel() {
    this.dialog.close()
  }

  closed() {
    this.dialog = null
    this.isAsking = this.isSendRequested = false
  }

  // Discards nothing before the server has confirmed the sign-out.
  async finish() {
    if (connection.isLeaving) return
    connection.isLeaving = true
    if (!(await this.signOut())) {
      connection.isLeaving = this.isAsking = false
      return this.dialog ? this.dialog.setStatus(t("js-sign-out-unreachable")) : toast(t("js-sign-out-unreachable"))
    }
    forgetEverything()
    await outbox.clear()
    location.assign("/login")
  }

  // The connection may report it before the response arrives.
  async signOut() {
    let isOut = false
    this.on(connection, "signedout", () => (isOut = true))
    try {
      const response = await fetch(this.element.action, { method: "POST", redirect: "manual", signal: AbortSignal.timeout(RESPONSE_TIMEOUT) })
      return isOut || response.ok || response.type === "opaqueredirect"
    } catch {
      return isOut
    }
  }
}
