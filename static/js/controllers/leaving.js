import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { forgetEverything } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { t } from "../models/strings.js"
import { unsent } from "../models/unsent.js"
import { Dialog } from "../views/dialog.js"
import { toast } from "../views/toast.js"

const PATIENCE = 1_000
const ANSWER_WITHIN = 10_000

// Signing out leaves nothing behind in this browser, so it asks first what becomes of what is not sent.
export class Leaving extends Controller {
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
    await this.settled()
    const items = await unsent()
    if (items.length === 0) return this.leave()
    this.dialog = new Dialog({ title: t("js-leave-title"), lead: t("js-leave-lead"), act: action => this[action](), closed: () => this.closed() })
    this.dialog.open()
    this.show(items)
  }

  // What was written a moment ago has a moment to arrive.
  async settled() {
    const end = Date.now() + PATIENCE
    while (connection.state === "online" && outbox.waiting.length > 0 && Date.now() < end) {
      await new Promise(resolve => setTimeout(resolve, PATIENCE / 20))
    }
  }

  async update() {
    if (this.dialog) this.show(await unsent())
  }

  show(items) {
    if (!this.dialog) return
    const isUnderWay = outbox.waiting.length > 0
    if (items.length === 0) return this.leave()
    this.dialog.list(items)
    const canSend = items.some(({ canGo }) => canGo)
    this.dialog.offer({ ...(canSend && !this.isSending && { send: "button-primary" }), drop: "button-danger", cancel: "button-quiet" })
    if (!this.isSending) return
    if (connection.state !== "online" && isUnderWay) return this.dialog.say(t("js-leave-offline"))
    if (isUnderWay) return this.dialog.say(t("js-sending"))
    this.isSending = false
    this.dialog.say(t("js-leave-rest"))
    this.show(items)
  }

  send() {
    this.isSending = true
    for (const { clientId, state } of outbox.all) if (state === "failed") outbox.retry(clientId)
    if (connection.state !== "online") connection.wake()
    this.update()
  }

  drop() {
    this.leave()
  }

  cancel() {
    this.dialog.close()
  }

  closed() {
    this.dialog = null
    this.isAsking = this.isSending = false
  }

  // Nothing is dropped before the server has answered: without it nobody is signed out.
  async leave() {
    if (connection.isLeaving) return
    connection.isLeaving = true
    if (!(await this.signOut())) {
      connection.isLeaving = this.isAsking = false
      return this.dialog ? this.dialog.say(t("js-leave-unreachable")) : toast(t("js-leave-unreachable"))
    }
    forgetEverything()
    await outbox.forget()
    location.assign("/login")
  }

  // The socket may hear of it before the answer is here.
  async signOut() {
    let isOut = false
    this.on(connection, "signedout", () => (isOut = true))
    try {
      const answer = await fetch(this.element.action, { method: "POST", redirect: "manual", signal: AbortSignal.timeout(ANSWER_WITHIN) })
      return isOut || answer.ok || answer.type === "opaqueredirect"
    } catch {
      return isOut
    }
  }
}
