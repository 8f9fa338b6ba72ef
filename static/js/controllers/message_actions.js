import { connection } from "../models/connection.js"
import { rooms } from "../models/rooms.js"
import { t } from "../models/strings.js"
import { Actions } from "../views/actions.js"
import { talkTo } from "../views/talk.js"
import { toast } from "../views/toast.js"

// What can be done with the messages of a room: the toolbar's buttons and what they do.
export class MessageActions {
  constructor(room) {
    this.room = room
    this.actions = new Actions(room.transcript.container, room.scroller.element, {
      offered: article => this.offered(article),
      run: (...what) => this.run(...what),
    }, room.signal)
  }

  refresh(article) {
    this.actions.refresh(article)
  }

  offered(article) {
    const { me, isMember, element } = this.room
    const { userId, state } = article.dataset
    const isGone = article.querySelector(".message-author").textContent === t("js-deleted-person")
    const isThere = state !== "deleted"
    const isMine = userId === me.id
    const isAdmin = element.dataset.admin === "true"
    return [
      "copy-link", !isMine && !isGone && element.dataset.kind !== "direct" && "talk", isMember && "mark-unread", isThere && isMine && isMember && "edit",
      isThere && (isMine || isAdmin) && isMember && "delete",
    ].filter(Boolean)
  }

  run(action, article, isKeyboard) {
    const seq = Number(article.dataset.seq)
    if (action === "copy-link") this.copyLink(seq)
    else if (action === "talk") talkTo(article.querySelector(".message-author").textContent)
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
    rooms.unsee(this.room.id, seq)
    this.room.unread(seq)
    toast(t("js-marked-unread"))
  }
}
