import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"

// The list of rooms: what is unread elsewhere.
export default class Rooms extends Controller {
  connect() {
    this.on(connection, "frame:hello", ({ detail }) => detail.rooms.forEach(room => this.show(room)))
    this.on(connection, "frame:room", ({ detail }) => this.show(detail.room))
    this.on(this.element, "click", this.open)
  }

  show({ id, unread, mentions }) {
    const item = this.find(`[data-room-id="${CSS.escape(id)}"]`)
    if (!item || item.matches('[aria-current="page"]')) return
    const badge = item.querySelector(".badge")
    badge.hidden = !unread
    badge.firstChild.data = unread
    badge.classList.toggle("badge-mentions", mentions > 0)
  }

  // On a narrow screen the room is already there, behind the list.
  open(event) {
    const item = event.target.closest('[aria-current="page"]')
    if (!item || event.metaKey || event.ctrlKey || event.shiftKey || location.hash !== "#rooms") return
    event.preventDefault()
    location.hash = "#room"
  }
}
