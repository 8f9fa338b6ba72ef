import { Controller } from "./registry.js"
import { UnreadIndicator } from "../models/unread_indicator.js"
import { connection } from "../models/connection.js"
import { forgetEverything, recall, remember } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { rooms } from "../models/rooms.js"
import { Sender } from "../models/sender.js"
import { t } from "../models/strings.js"
import { toast } from "../views/toast.js"

// On every page of a signed-in user: opens the connection, and shows unread counts in the title.
export default class SignedIn extends Controller {
  connect() {
    this.currentRoom = document.querySelector(".layout").dataset.roomId ?? null
    this.indicator = new UnreadIndicator()
    this.on(rooms, "change", () => this.indicator.update(rooms.all, this.currentRoom))
    this.on(rooms, "removed", this.removed)
    this.on(rooms, "opened", ({ detail }) => toast(t("js-opened", { name: detail.name })))
    this.on(connection, "signedout", this.signedOut)
    this.on(connection, "otheruser", () => location.reload())
    this.on(document, "room:renamed", ({ detail }) => this.renamed(detail))
    this.on(document, "submit", this.submitted)
    this.on(document, "visibilitychange", () => document.hidden || connection.wake())
    this.on(window, "online", () => connection.wake())
    this.on(window, "offline", () => connection.wake())
    this.on(window, "pagehide", () => connection.close())
    this.on(this.find(".sidebar-mark-read"), "submit", this.readAll)
    this.on(window, "beforeunload", this.warnOfLoss)
    if ("navigation" in window) this.on(navigation, "navigate", this.navigating)
    this.watchUser()
    this.sender = new Sender(outbox, connection)
    outbox.open()
    connection.open("/api/auth_user", outbox.userId, this.currentRoom)
    const notice = recall("notice")
    remember("notice", null)
    if (notice) toast(notice)
  }

  disconnect() {
    this.sender.stop()
    outbox.close()
    this.users?.close()
    connection.close()
  }

  // Another user signed in in this browser: the page and its outbox are not theirs.
  watchUser() {
    if (!("BroadcastChannel" in window)) return
    this.users = new BroadcastChannel("teahouse.person")
    this.users.onmessage = ({ data }) => {
      if (data === outbox.userId) return
      this.disconnect()
      location.reload()
    }
    this.users.postMessage(outbox.userId)
  }

  // Messages kept in the session storage survive a page change, but not the window's end.
  warnOfLoss(event) {
    if (!outbox.isPersistent && !this.isInternal) event.preventDefault()
  }

  navigating({ destination }) {
    this.isInternal = new URL(destination.url).origin === location.origin
    setTimeout(() => (this.isInternal = false), 1_000)
  }

  // Leaves the page at once when its room is no longer accessible.
  removed({ detail: { id, name } }) {
    if (id !== this.currentRoom || this.isLeaving) return
    document.getElementById("room").hidden = true
    remember("notice", t("js-removed", { name: name ?? this.indicator.title }))
    location.replace("/")
  }

  // Leaving or deleting a room redirects by itself.
  submitted({ target }) {
    if (target.matches('#leave, #delete form')) this.isLeaving = true
  }

  readAll(event) {
    if (connection.state !== "online") return
    event.preventDefault()
    for (const { id, seq } of rooms.all) if (rooms.markRead(id, seq)) connection.send({ type: "read", roomId: id, seq })
    this.tell("rooms:read")
  }

  renamed(title) {
    this.indicator.title = title
    this.indicator.update(rooms.all, this.currentRoom)
  }

  // Signing out in this window redirects by itself.
  signedOut() {
    if (connection.isLeaving) return
    forgetEverything()
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  }
}
