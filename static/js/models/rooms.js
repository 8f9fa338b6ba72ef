// My rooms: the server's counts as of a room's `ver`, and what this window saw arrive after it.
//
// Events: "change"; "removed" and "opened" (it was closed) with the room as detail.
import { connection } from "./connection.js"
import { Counts } from "./counts.js"
import { recall, remember } from "./memory.js"

const ECHO_WITHIN = 2_000
const PREVIEW_CHARS = 120

export class Rooms extends EventTarget {
  #rooms = new Map()
  #counts = new Map()
  #asking = new Map()
  #me = document.body?.dataset.userId
  #previews = recall(this.#key) ?? {}
  isKnown = false

  constructor(connection) {
    super()
    const frames = { hello: this.#hello, room: this.#room, removed: this.#removed, message: this.#message, read: this.#read }
    for (const [type, handler] of Object.entries(frames)) connection.addEventListener(`frame:${type}`, ({ detail }) => handler.call(this, detail))
  }

  get all() {
    return [...this.#rooms.values()]
  }

  get(id) {
    return this.#rooms.get(id)
  }

  // This window showed everything up to `seq`. Answers whether that is news.
  see(id, seq) {
    const room = this.get(id)
    if (!room || seq <= room.readSeq) return false
    this.#countsOf(room).see(Math.min(seq, room.seq))
    room.movedAt = Date.now()
    this.#changed()
    return true
  }

  // From `seq` on it is as if I had not read it. How much that is, the server's `read` frame tells.
  unsee(id, seq) {
    const room = this.get(id)
    if (!room) return
    room.readSeq = seq - 1
    room.movedAt = 0
  }

  // The newest message of a room, where it is known.
  preview(id) {
    return this.#previews[id]
  }

  learn(id, { seq, author, mine, text }) {
    const known = this.#previews[id]
    if (known && known.seq > seq) return
    this.#previews[id] = { seq, author, mine, text: text.slice(0, PREVIEW_CHARS) }
    remember(this.#key, this.#previews)
    this.#changed()
  }

  get #key() {
    return `previews.${document.body?.dataset.userId}`
  }

  #countsOf(room) {
    if (!this.#counts.has(room.id)) this.#counts.set(room.id, new Counts(room))
    return this.#counts.get(room.id)
  }

  // What was mine before the connection was lost, and is not in the greeting, was removed meanwhile.
  #hello({ rooms }) {
    const before = this.#rooms
    this.#rooms = new Map(rooms.map(room => [room.id, room]))
    this.#counts.clear()
    this.isKnown = true
    for (const room of before.values()) if (!this.#rooms.has(room.id)) this.dispatchEvent(new CustomEvent("removed", { detail: room }))
    this.#changed()
  }

  #room({ room }) {
    const known = this.get(room.id)
    const wasClosed = known?.kind === "closed"
    if (!known) this.#rooms.set(room.id, room)
    else {
      const { seq, ver, readSeq, unread, mentions, lastMessageAt, ...rest } = room
      Object.assign(known, rest)
      if (seq >= known.seq) known.lastMessageAt = lastMessageAt
      this.#countsOf(known).start({ seq, ver, readSeq, unread, mentions })
    }
    this.#changed()
    if (wasClosed && room.kind === "open") this.dispatchEvent(new CustomEvent("opened", { detail: room }))
  }

  #removed({ roomId }) {
    const room = this.get(roomId)
    this.#rooms.delete(roomId)
    this.#counts.delete(roomId)
    delete this.#previews[roomId]
    remember(this.#key, this.#previews)
    this.#changed()
    this.dispatchEvent(new CustomEvent("removed", { detail: room ?? { id: roomId } }))
  }

  #message(message) {
    const room = this.get(message.roomId)
    if (!room) return
    const { seq, ver, user, content, html, createdAt, deletedAt } = message
    const isMine = user.id === this.#me
    if (seq >= (this.#previews[room.id]?.seq ?? 0) && seq >= room.seq) this.learn(room.id, { seq, author: user.username, mine: isMine, text: content })
    if (seq > room.seq) room.lastMessageAt = createdAt
    const isCertain = this.#countsOf(room).arrive({ seq, ver, isMine, isDeleted: Boolean(deletedAt), isNamed: !isMine && this.#names(html) })
    if (!isCertain) this.#ask(room.id)
    this.#changed()
  }

  // A message that this window never saw may have mentioned me before it changed: only the server knows.
  async #ask(id) {
    if (this.#asking.has(id)) return this.#asking.set(id, true)
    this.#asking.set(id, false)
    try {
      const answer = await fetch(`/api/rooms/${id}`, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(10_000) })
      if (answer.ok) this.#room({ room: await answer.json() })
    } catch {
      // The next greeting tells.
    }
    const isAskedAgain = this.#asking.get(id)
    this.#asking.delete(id)
    if (isAskedAgain) this.#ask(id)
  }

  #names(html) {
    return html.includes(`data-user-id="${this.#me}"`)
  }

  // My mark moved, here or on another device. The echo of an older move of this window is no news.
  #read({ roomId, seq, ver, unread, mentions }) {
    const room = this.get(roomId)
    if (!room || (seq < room.readSeq && Date.now() - (room.movedAt ?? 0) < ECHO_WITHIN)) return
    this.#countsOf(room).start({ seq: room.seq, ver: ver ?? room.ver, readSeq: seq, unread, mentions })
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}

export const rooms = new Rooms(connection)
