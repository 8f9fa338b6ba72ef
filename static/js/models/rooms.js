// My rooms: the server's counts as of a room's `ver`, and the changes that arrived after it.
//
// Events: "change"; "removed" and "opened" (it was closed before) with the room.
import { connection } from "./connection.js"
import { UnreadCounts } from "./unread_counts.js"
import { recall, remember } from "./memory.js"

const ECHO_TIMEOUT = 2_000
const PREVIEW_CHARS = 120

export class Rooms extends EventTarget {
  #rooms = new Map()
  #counts = new Map()
  #fetching = new Map()
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

  // This window showed everything up to `seq`. Returns whether that changed something.
  markRead(id, seq) {
    const room = this.get(id)
    if (!room || seq <= room.readSeq) return false
    this.#countsOf(room).read(Math.min(seq, room.seq))
    room.readAt = Date.now()
    this.#changed()
    return true
  }

  // Marks as unread from `seq`; the counts come with the server's `read` frame.
  markUnread(id, seq) {
    const room = this.get(id)
    if (!room) return
    room.readSeq = seq - 1
    room.readAt = 0
  }

  // The newest message of a room, if known.
  preview(id) {
    return this.#previews[id]
  }

  setPreview(id, { seq, author, mine, text }) {
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
    if (!this.#counts.has(room.id)) this.#counts.set(room.id, new UnreadCounts(room))
    return this.#counts.get(room.id)
  }

  // Rooms that are missing in a later hello were removed meanwhile.
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
      this.#countsOf(known).reset({ seq, ver, readSeq, unread, mentions })
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
    if (seq >= (this.#previews[room.id]?.seq ?? 0) && seq >= room.seq) this.setPreview(room.id, { seq, author: user.username, mine: isMine, text: content })
    if (seq > room.seq) room.lastMessageAt = createdAt
    const isCertain = this.#countsOf(room).add({ seq, ver, isMine, isDeleted: Boolean(deletedAt), isMention: !isMine && this.#mentionsMe(html) })
    if (!isCertain) this.#refetch(room.id)
    this.#changed()
  }

  // A message that this window never loaded may have mentioned me before it was edited: asks the server.
  async #refetch(id) {
    if (this.#fetching.has(id)) return this.#fetching.set(id, true)
    this.#fetching.set(id, false)
    try {
      const response = await fetch(`/api/rooms/${id}`, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(10_000) })
      if (response.ok) this.#room({ room: await response.json() })
    } catch {
      // The next hello corrects it.
    }
    const isStale = this.#fetching.get(id)
    this.#fetching.delete(id)
    if (isStale) this.#refetch(id)
  }

  #mentionsMe(html) {
    return html.includes(`data-user-id="${this.#me}"`)
  }

  // My read position changed here or on another device. Echoes of older positions are ignored.
  #read({ roomId, seq, ver, unread, mentions }) {
    const room = this.get(roomId)
    if (!room || (seq < room.readSeq && Date.now() - (room.readAt ?? 0) < ECHO_TIMEOUT)) return
    this.#countsOf(room).reset({ seq: room.seq, ver: ver ?? room.ver, readSeq: seq, unread, mentions })
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}

export const rooms = new Rooms(connection)
