import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { invitations } from "../models/invitations.js"
import { outbox } from "../models/outbox.js"
import { prefer, prefers } from "../models/preferences.js"
import { rooms } from "../models/rooms.js"
import { language } from "../models/strings.js"
import { listTime } from "../models/times.js"
import { defaultPlace } from "../views/focus.js"
import { lacksFace, roomItem, showFace, showRoom } from "../views/room_item.js"

const LOBBY = "1"
const SLOW = 2_000
const { compare } = new Intl.Collator(language, { numeric: true })

const matters = ({ unread, mentions, involvement }) => (mentions > 0 ? 2 : unread > 0 && involvement !== "nothing" ? 1 : 0)

// The list of my rooms: rooms by name, conversations by latest activity, what is unread in each.
export default class Rooms extends Controller {
  asked = new Set()

  connect() {
    this.here = document.querySelector(".frame").dataset.roomId
    this.lists = { rooms: this.find("#rooms-list"), directs: this.find("#directs-list") }
    this.on(rooms, "change", this.change)
    this.on(outbox, "change", this.change)
    this.on(connection, "state", this.change)
    this.on(invitations, "change", this.invited)
    this.on(connection, "frame:hello", this.fetchPreviews, { once: true })
    this.on(this.element, "click", this.open)
    this.unreadFirst = this.find("#unread-first")
    this.unreadFirst.hidden = false
    this.unreadFirst.setAttribute("aria-pressed", prefers("unread-first"))
    this.on(this.unreadFirst, "click", this.sortOtherwise)
    for (const time of this.element.querySelectorAll("time")) time.textContent = listTime(new Date(time.dateTime))
  }

  change() {
    cancelAnimationFrame(this.frame)
    // A window nobody sees has no frames.
    if (document.hidden) this.render()
    else this.frame = requestAnimationFrame(() => this.render())
  }

  render() {
    if (!rooms.isKnown) return
    const shown = rooms.all.filter(({ id, involvement }) => involvement !== "hidden" || id === this.here)
    const directs = shown.filter(({ kind }) => kind === "direct").sort((a, b) => (b.lastMessageAt ?? "").localeCompare(a.lastMessageAt ?? ""))
    const others = shown.filter(({ kind }) => kind !== "direct").sort((a, b) => (b.id === LOBBY) - (a.id === LOBBY) || compare(a.name, b.name))
    this.fill(this.lists.rooms, others)
    this.fill(this.lists.directs, directs)
  }

  invited() {
    const link = this.find("#rooms-invitations")
    link.hidden = invitations.count === 0
    link.querySelector(".rooms-count").textContent = invitations.count
  }

  sortOtherwise() {
    const wanted = this.unreadFirst.getAttribute("aria-pressed") !== "true"
    this.unreadFirst.setAttribute("aria-pressed", wanted)
    prefer("unread-first", wanted)
    this.render()
  }

  fill(list, wanted) {
    if (this.unreadFirst.getAttribute("aria-pressed") === "true") wanted = wanted.sort((a, b) => matters(b) - matters(a))
    const items = new Map([...list.children].map(item => [item.firstElementChild.dataset.roomId, item]))
    const focused = list.contains(document.activeElement) ? document.activeElement : null
    wanted.forEach((room, index) => {
      const item = items.get(room.id) ?? roomItem(room.id)
      items.delete(room.id)
      showRoom(item, room, rooms.preview(room.id), this.progress(room.id))
      if (lacksFace(item, room)) this.fetchFace(item, room.id)
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
    })
    // An open room that I only read along is on the page, but not in my list.
    const index = [...list.children].findIndex(item => item.contains(focused))
    for (const item of items.values()) item.remove()
    if (!focused || document.activeElement === focused) return
    const next = focused.isConnected ? focused : (list.children[index] ?? list.lastElementChild)?.firstElementChild ?? defaultPlace()
    next?.focus({ preventScroll: true })
  }

  // A conversation that began while the page was open. A direct room of more people answers 404.
  async fetchFace(item, id) {
    if (this.asked.has(id)) return
    this.asked.add(id)
    try {
      const answer = await fetch(`/api/conversations/${id}/other_participant`, { headers: { Accept: "application/json" } })
      if (answer.ok) showFace(item, await answer.json())
    } catch {
      // Then it keeps its icon.
    }
  }

  // Whether something I wrote there failed, or waits longer than usual.
  progress(id) {
    const entries = outbox.of(id)
    const isSlow = ({ createdAt }) => connection.state !== "online" || Date.now() - Date.parse(createdAt) > SLOW
    if (entries.some(({ state }) => state === "failed")) return "failed"
    return entries.some(isSlow) ? "waiting" : ""
  }

  // What was said last in conversations; rooms tell theirs when something is said.
  async fetchPreviews() {
    if (!rooms.all.some(({ id, kind, lastMessageAt }) => kind === "direct" && lastMessageAt && !rooms.preview(id))) return
    try {
      const answer = await fetch("/api/conversations", { headers: { Accept: "application/json" } })
      if (!answer.ok) return
      for (const { id, lastMessage, otherParticipant } of await answer.json()) {
        if (!lastMessage) continue
        const { seq, mine, content } = lastMessage
        rooms.learn(id, { seq, mine, author: otherParticipant.username, text: content })
      }
    } catch {
      // Names and numbers are enough.
    }
  }

  // On a narrow screen the room is already there, behind the list.
  open(event) {
    const item = event.target.closest('.rooms-item[aria-current="page"]')
    if (!item || event.metaKey || event.ctrlKey || event.shiftKey || location.hash !== "#rooms") return
    event.preventDefault()
    location.hash = "#room"
  }
}
