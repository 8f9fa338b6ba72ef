import { Controller } from "./registry.js"
import { Attention } from "../models/attention.js"
import { connection } from "../models/connection.js"
import { forgetEverything, recall, remember } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { rooms } from "../models/rooms.js"
import { Sender } from "../models/sender.js"
import { t } from "../models/strings.js"
import { toast } from "../views/toast.js"

// Every page of somebody who is signed in: its connection, and what its title says about all rooms.
export default class Live extends Controller {
  connect() {
    this.here = document.querySelector(".frame").dataset.roomId ?? null
    this.attention = new Attention()
    this.on(rooms, "change", () => this.attention.update(rooms.all, this.here))
    this.on(rooms, "removed", this.removed)
    this.on(rooms, "opened", ({ detail }) => toast(t("js-opened", { name: detail.name })))
    this.on(connection, "signedout", this.signedOut)
    this.on(connection, "somebodyelse", () => location.reload())
    this.on(document, "room:renamed", ({ detail }) => this.renamed(detail))
    this.on(document, "submit", this.submitted)
    this.on(document, "visibilitychange", () => document.hidden || connection.wake())
    this.on(window, "online", () => connection.wake())
    this.on(window, "offline", () => connection.wake())
    this.on(window, "pagehide", () => connection.close())
    this.on(this.find(".sidebar-read"), "submit", this.readAll)
    this.on(window, "beforeunload", this.mayLose)
    if ("navigation" in window) this.on(navigation, "navigate", this.goesOn)
    this.watchPerson()
    this.sender = new Sender(outbox, connection)
    outbox.open()
    connection.open("/api/auth_user", outbox.userId, this.here)
    const notice = recall("notice")
    remember("notice", null)
    if (notice) toast(notice)
  }

  disconnect() {
    this.sender.stop()
    outbox.close()
    this.people?.close()
    connection.close()
  }

  // Somebody else signed in at this browser: what is shown and what waits here is not theirs.
  watchPerson() {
    if (!("BroadcastChannel" in window)) return
    this.people = new BroadcastChannel("teahouse.person")
    this.people.onmessage = ({ data }) => {
      if (data === outbox.userId) return
      this.disconnect()
      location.reload()
    }
    this.people.postMessage(outbox.userId)
  }

  // What only this window keeps outlives its pages, but not the window.
  mayLose(event) {
    if (!outbox.isLasting && !this.goesOnHere) event.preventDefault()
  }

  goesOn({ destination }) {
    this.goesOnHere = new URL(destination.url).origin === location.origin
    setTimeout(() => (this.goesOnHere = false), 1_000)
  }

  // A room that is open on screen and no longer mine disappears at once.
  removed({ detail: { id, name } }) {
    if (id !== this.here || this.isLeaving) return
    document.getElementById("room").hidden = true
    remember("notice", t("js-removed", { name: name ?? this.attention.title }))
    location.replace("/")
  }

  // Whoever leaves or deletes a room goes where that form leads.
  submitted({ target }) {
    if (target.matches('#leave, #delete form')) this.isLeaving = true
  }

  readAll(event) {
    if (connection.state !== "online") return
    event.preventDefault()
    for (const { id, seq } of rooms.all) if (rooms.see(id, seq)) connection.send({ type: "read", roomId: id, seq })
    this.tell("rooms:read")
  }

  renamed(title) {
    this.attention.title = title
    this.attention.update(rooms.all, this.here)
  }

  // Whoever signs out here goes their own way.
  signedOut() {
    if (connection.isLeaving) return
    forgetEverything()
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  }
}
