import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { LOBBY } from "../models/display_names.js"
import { invitations } from "../models/invitations.js"
import { outbox } from "../models/outbox.js"
import { setPreference, getPreference } from "../models/preferences.js"
import { rooms } from "../models/rooms.js"
import { language } from "../models/strings.js"
import { listTime } from "../models/times.js"
import { defaultFocus } from "../views/focus.js"
import { needsAvatar, roomItem, showAvatar, showRoom } from "../views/room_item.js"

const SLOW_AFTER = 2_000
const { compare } = new Intl.Collator(language, { numeric: true })

const priority = ({ unread, mentions, involvement }) => (mentions > 0 ? 2 : unread > 0 && involvement !== "nothing" ? 1 : 0)

// The sidebar's list: rooms by name, direct messages by latest activity, with unread counts.
export default class RoomList extends Controller {
  requestedAvatars = new Set()

  connect() {
    this.currentRoom = document.querySelector(".layout").dataset.roomId
    this.lists = { rooms: this.find("#rooms-list"), directs: this.find("#directs-list") }
    this.on(rooms, "change", this.change)
    this.on(outbox, "change", this.change)
    this.on(connection, "state", this.change)
    this.on(invitations, "change", this.showInvitations)
    this.on(connection, "frame:hello", this.fetchPreviews, { once: true })
    this.on(this.element, "click", this.open)
    this.unreadFirst = this.find("#unread-first")
    this.unreadFirst.hidden = false
    this.unreadFirst.setAttribute("aria-pressed", getPreference("unread-first"))
    this.on(this.unreadFirst, "click", this.toggleSort)
    for (const time of this.element.querySelectorAll("time")) time.textContent = listTime(new Date(time.dateTime))
  }

  disconnect() {
    cancelAnimationFrame(this.animationFrame)
  }

  change() {
    cancelAnimationFrame(this.animationFrame)
    // Hidden windows get no animation frames.
    if (document.hidden) this.render()
    else this.animationFrame = requestAnimationFrame(() => this.render())
  }

  render() {
    if (!rooms.isKnown) return
    const shown = rooms.all.filter(({ id, involvement }) => involvement !== "hidden" || id === this.currentRoom)
    const directs = shown.filter(({ kind }) => kind === "direct").sort((a, b) => (b.lastMessageAt ?? "").localeCompare(a.lastMessageAt ?? ""))
    const others = shown.filter(({ kind }) => kind !== "direct").sort((a, b) => (b.id === LOBBY) - (a.id === LOBBY) || compare(a.name, b.name))
    this.fill(this.lists.rooms, others)
    this.fill(this.lists.directs, directs)
  }

  showInvitations() {
    const link = this.find("#rooms-invitations")
    link.hidden = invitations.count === 0
    link.querySelector(".rooms-count").textContent = invitations.count
  }

  toggleSort() {
    const isPressed = this.unreadFirst.getAttribute("aria-pressed") !== "true"
    this.unreadFirst.setAttribute("aria-pressed", isPressed)
    setPreference("unread-first", isPressed)
    this.render()
  }

  fill(list, shown) {
    if (this.unreadFirst.getAttribute("aria-pressed") === "true") shown = shown.sort((a, b) => priority(b) - priority(a))
    const items = new Map([...list.children].map(item => [item.firstElementChild.dataset.roomId, item]))
    const focused = list.contains(document.activeElement) ? document.activeElement : null
    shown.forEach((room, index) => {
      const item = items.get(room.id) ?? roomItem(room.id)
      items.delete(room.id)
      showRoom(item, room, rooms.preview(room.id), this.progress(room.id))
      if (needsAvatar(item, room)) this.fetchAvatar(item, room.id)
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
    })
    // An open room that is only previewed is on the page but not in the list.
    const index = [...list.children].findIndex(item => item.contains(focused))
    for (const item of items.values()) item.remove()
    if (!focused || document.activeElement === focused) return
    const next = focused.isConnected ? focused : (list.children[index] ?? list.lastElementChild)?.firstElementChild ?? defaultFocus()
    next?.focus({ preventScroll: true })
  }

  // For a conversation that started after the page was loaded. Groups return 404.
  async fetchAvatar(item, id) {
    if (this.requestedAvatars.has(id)) return
    this.requestedAvatars.add(id)
    try {
      const response = await fetch(`/api/conversations/${id}/other_participant`, { headers: { Accept: "application/json" } })
      if (response.ok) showAvatar(item, await response.json())
    } catch {
      // Keeps its icon.
    }
  }

  // Whether an own message failed there, or has been waiting for too long.
  progress(id) {
    const entries = outbox.of(id)
    const isSlow = ({ createdAt }) => connection.state !== "online" || Date.now() - Date.parse(createdAt) > SLOW_AFTER
    if (entries.some(({ state }) => state === "failed")) return "failed"
    return entries.some(isSlow) ? "waiting" : ""
  }

  // Loads the latest messages of conversations; rooms get theirs with the next message.
  async fetchPreviews() {
    if (!rooms.all.some(({ id, kind, lastMessageAt }) => kind === "direct" && lastMessageAt && !rooms.preview(id))) return
    try {
      const response = await fetch("/api/conversations", { headers: { Accept: "application/json" } })
      if (!response.ok) return
      for (const { id, lastMessage, otherParticipant } of await response.json()) {
        if (!lastMessage) continue
        const { seq, mine, content } = lastMessage
        rooms.setPreview(id, { seq, mine, author: otherParticipant.username, text: content })
      }
    } catch {
      // The list works without previews.
    }
  }

  // On narrow screens the current room is already loaded behind the list.
  open(event) {
    const item = event.target.closest('.rooms-item[aria-current="page"]')
    if (!item || event.metaKey || event.ctrlKey || event.shiftKey || location.hash !== "#rooms") return
    event.preventDefault()
    location.hash = "#room"
  }
}
