import { Controller } from "./registry.js"
import { Attention } from "../models/attention.js"
import { connection } from "../models/connection.js"
import { forgetEverything, recall, remember } from "../models/memory.js"
import { rooms } from "../models/rooms.js"
import { t } from "../models/strings.js"
import { toast } from "../views/toast.js"

// Every page of somebody who is signed in: its connection, and what its title says about all rooms.
export default class Live extends Controller {
  connect() {
    this.here = document.querySelector(".frame").dataset.roomId ?? null
    this.attention = new Attention()
    this.on(rooms, "change", () => this.attention.update(rooms.all, this.here))
    this.on(rooms, "removed", this.removed)
    this.on(connection, "signedout", this.signedOut)
    this.on(document, "room:renamed", ({ detail }) => this.renamed(detail))
    this.on(document, "submit", this.submitted)
    this.on(document, "visibilitychange", () => document.hidden || connection.wake())
    this.on(window, "online", () => connection.wake())
    this.on(window, "offline", () => connection.wake())
    this.on(window, "pagehide", () => connection.close())
    this.on(this.find(".sidebar-read"), "submit", this.readAll)
    connection.open("/api/auth_user", this.here)
    const notice = recall("notice")
    remember("notice", null)
    if (notice) toast(notice)
  }

  disconnect() {
    connection.close()
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

  signedOut() {
    forgetEverything()
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  }
}
