// My rooms, as the server tells them and as this window reads them. Unread is always seq − readSeq.
//
// Events: "change"; "removed" and "opened" (it was closed) with the room as detail.
import { connection } from "./connection.js"
import { recall, remember } from "./memory.js"

const ECHO_WITHIN = 2_000
const PREVIEW_CHARS = 120

export class Rooms extends EventTarget {
  #rooms = new Map()
  #named = new Map()
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
    this.#mark(room, Math.min(seq, room.seq), Date.now())
    return true
  }

  // From `seq` on it is as if I had not read it.
  unsee(id, seq) {
    const room = this.get(id)
    if (room) this.#mark(room, seq - 1, 0)
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

  #mark(room, seq, movedAt) {
    room.readSeq = seq
    room.unread = Math.max(0, room.seq - seq)
    room.movedAt = movedAt
    const named = this.#named.get(room.id)
    if (room.unread === 0) room.mentions = 0
    else if (named) room.mentions = Math.max(0, room.mentions - [...named].filter(place => place <= seq).length)
    named?.forEach(place => place <= seq && named.delete(place))
    this.#changed()
  }

  // What was mine before the connection was lost, and is not in the greeting, was removed meanwhile.
  #hello({ rooms }) {
    const before = this.#rooms
    this.#rooms = new Map(rooms.map(room => [room.id, room]))
    this.#named.clear()
    this.isKnown = true
    for (const room of before.values()) if (!this.#rooms.has(room.id)) this.dispatchEvent(new CustomEvent("removed", { detail: room }))
    this.#changed()
  }

  #room({ room }) {
    const before = this.get(room.id)
    this.#rooms.set(room.id, { ...before, ...room })
    this.#changed()
    if (before?.kind === "closed" && room.kind === "open") this.dispatchEvent(new CustomEvent("opened", { detail: room }))
  }

  #removed({ roomId }) {
    const room = this.get(roomId)
    this.#rooms.delete(roomId)
    delete this.#previews[roomId]
    remember(this.#key, this.#previews)
    this.#changed()
    this.dispatchEvent(new CustomEvent("removed", { detail: room ?? { id: roomId } }))
  }

  #message(message) {
    const room = this.get(message.roomId)
    if (!room) return
    const { seq, user, content, html, createdAt, deletedAt } = message
    const isMine = user.id === this.#me
    const isNew = seq > room.seq
    if (seq >= (this.#previews[room.id]?.seq ?? 0) && seq >= room.seq) this.learn(room.id, { seq, author: user.username, mine: isMine, text: content })
    if (isNew) {
      room.seq = seq
      room.lastMessageAt = createdAt
      // My own message moves my mark when I had read everything before it.
      if (isMine && seq === room.readSeq + 1) room.readSeq = seq
      room.unread = room.seq - room.readSeq
    }
    if (seq > room.readSeq) this.#count(room, seq, !deletedAt && !isMine && this.#names(html), isNew)
    this.#changed()
  }

  // Whether a message names me. What this window did not see arrive is counted by the server already.
  #count(room, seq, isNamed, isNew) {
    const named = this.#named.get(room.id) ?? new Set()
    this.#named.set(room.id, named)
    if (isNamed && isNew) {
      named.add(seq)
      room.mentions += 1
    } else if (!isNamed && named.delete(seq)) room.mentions -= 1
  }

  #names(html) {
    return html.includes(`data-user-id="${this.#me}"`)
  }

  // My mark moved, here or on another device. The echo of an older move of this window is no news.
  #read({ roomId, seq, mentions }) {
    const room = this.get(roomId)
    if (!room || (seq < room.readSeq && Date.now() - (room.movedAt ?? 0) < ECHO_WITHIN)) return
    room.readSeq = seq
    room.unread = Math.max(0, room.seq - seq)
    room.mentions = mentions
    this.#named.delete(roomId)
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}

export const rooms = new Rooms(connection)
