// Unread counts of a room: the server's counts as of a `ver`, plus the changes after it. Counts that arrive late
// start from their `ver`, and later changes are applied again.
const RECENT = 200

export class UnreadCounts {
  #room
  #recent = []
  // Whether others' messages that arrived here mention me, by seq.
  #mentions = new Map()

  constructor(room) {
    this.#room = room
  }

  // Starts from the server's counts as of `ver`.
  reset({ seq, ver, readSeq, unread, mentions }) {
    const room = this.#room
    Object.assign(room, { readSeq, unread, mentions, seq: Math.max(seq, room.seq), ver: Math.max(ver, room.ver) })
    this.#recent = this.#recent.filter(change => change.ver > ver)
    this.#recent.forEach(change => this.#apply(change))
    for (const other of this.#mentions.keys()) if (other <= readSeq) this.#mentions.delete(other)
  }

  // A new or changed message. Returns false when the mentions must be requested.
  add({ seq, ver, isMine, isDeleted, isMention }) {
    const room = this.#room
    if (ver <= room.ver) return this.#record({ seq, isMine, isMention })
    room.ver = ver
    const isNew = seq > room.seq
    // `seq` has no gaps: missing messages count until they arrive.
    for (let missing = room.seq + 1; missing < seq && seq - missing <= RECENT; missing += 1) this.#mentions.set(missing, false)
    const skipped = isNew ? seq - room.seq - 1 : 0
    const was = isNew || isMine ? false : this.#mentions.get(seq)
    // An own message was counted only while it was missing.
    const counted = isNew ? 0 : isMine ? Number(this.#mentions.has(seq)) : 1
    const counts = isMine || isDeleted ? 0 : 1
    room.seq = Math.max(room.seq, seq)
    if (isMine) this.#mentions.delete(seq)
    else this.#mentions.set(seq, isMention)
    const change = { seq, ver, isMine: isMine && isNew, unread: counts - counted + skipped, mentions: Number(isMention) - Number(was ?? isMention) }
    this.#recent.push(change)
    if (this.#recent.length > RECENT) this.#recent.shift()
    const isUnread = seq > room.readSeq
    this.#apply(change)
    return !isUnread || was !== undefined || !(isMention || room.mentions > 0)
  }

  // Already part of the server's counts.
  #record({ seq, isMine, isMention }) {
    const room = this.#room
    room.seq = Math.max(room.seq, seq)
    if (!isMine && seq > room.readSeq) this.#mentions.set(seq, isMention)
    return true
  }

  // Everything up to `seq` was shown; the server's echo corrects the result.
  read(seq) {
    const room = this.#room
    room.readSeq = seq
    room.unread = Math.min(room.unread, Math.max(0, room.seq - seq))
    const passed = [...this.#mentions].filter(([other]) => other <= seq)
    room.mentions = room.unread === 0 ? 0 : Math.max(0, room.mentions - passed.filter(([, isMention]) => isMention).length)
    passed.forEach(([other]) => this.#mentions.delete(other))
  }

  #apply({ seq, isMine, unread, mentions }) {
    const room = this.#room
    // An own message moves the read position if everything before it was read.
    if (isMine && seq === room.readSeq + 1) room.readSeq = seq
    if (seq <= room.readSeq) return
    room.unread = Math.max(0, room.unread + unread)
    room.mentions = Math.max(0, room.mentions + mentions)
  }
}
