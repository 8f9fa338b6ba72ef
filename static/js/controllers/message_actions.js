import { connection } from "../models/connection.js"
import { rooms } from "../models/rooms.js"
import { t } from "../models/strings.js"
import { MessageToolbar } from "../views/message_toolbar.js"
import { startDirect } from "../views/start_direct.js"
import { toast } from "../views/toast.js"

// Provides the actions of the message toolbar.
export class MessageActions {
  constructor(room) {
    this.room = room
    this.toolbar = new MessageToolbar(room.transcript.container, room.scroller.element, {
      actionsFor: article => this.actionsFor(article),
      onAction: (...args) => this.perform(...args),
    }, room.signal)
  }

  refresh(article) {
    this.toolbar.refresh(article)
  }

  actionsFor(article) {
    const { me, isMember, element } = this.room
    const { userId, state } = article.dataset
    const isDeletedPerson = article.querySelector(".message-author").textContent === t("js-deleted-person")
    const exists = state !== "deleted"
    const isMine = userId === me.id
    const isAdmin = element.dataset.admin === "true"
    return [
      "copy-link", !isMine && !isDeletedPerson && element.dataset.kind !== "direct" && "message-person", isMember && "mark-unread", exists && isMine && isMember && "edit",
      exists && (isMine || isAdmin) && isMember && "delete",
    ].filter(Boolean)
  }

  perform(action, article, isKeyboard) {
    const seq = Number(article.dataset.seq)
    if (action === "copy-link") this.copyLink(seq)
    else if (action === "message-person") startDirect(article.querySelector(".message-author").textContent)
    else if (action === "mark-unread") this.markUnread(seq)
    else if (action === "edit") {
      this.room.edit(seq)
      this.room.editedFrom = isKeyboard ? article : null
    } else if (action === "delete") this.room.changes.remove(seq)
  }

  async copyLink(seq) {
    const link = new URL(`/rooms/${this.room.id}?at=${seq}`, location.href).href
    try {
      await navigator.clipboard.writeText(link)
      toast(t("js-link-copied"))
    } catch {
      toast(t("js-link-not-copied", { name: link }))
    }
  }

  markUnread(seq) {
    connection.send({ type: "read", roomId: this.room.id, seq, unread: true })
    rooms.markUnread(this.room.id, seq)
    this.room.markUnread(seq)
    toast(t("js-marked-unread"))
  }
}
