// What is unread in one room: the server's counts belong to a `ver` of the room, and each change after it adds to them.
// Counts that arrive late, computed before changes that are here already, start from their `ver` and add those again.
const RECENT = 200

export class Counts {
  #room
  #recent = []
  // Whether messages of others that arrived here name me, by place.
  #named = new Map()

  constructor(room) {
    this.#room = room
  }

  // The server's counts as of `ver`.
  start({ seq, ver, readSeq, unread, mentions }) {
    const room = this.#room
    Object.assign(room, { readSeq, unread, mentions, seq: Math.max(seq, room.seq), ver: Math.max(ver, room.ver) })
    this.#recent = this.#recent.filter(change => change.ver > ver)
    this.#recent.forEach(change => this.#add(change))
    for (const place of this.#named.keys()) if (place <= readSeq) this.#named.delete(place)
  }

  // A new or changed message. Answers false when the mentions must be asked for.
  arrive({ seq, ver, isMine, isDeleted, isNamed }) {
    const room = this.#room
    if (ver <= room.ver) return this.#known({ seq, isMine, isNamed })
    room.ver = ver
    const isNew = seq > room.seq
    // Places have no holes: what is missing before this one counts until it is known.
    for (let missing = room.seq + 1; missing < seq && seq - missing <= RECENT; missing += 1) this.#named.set(missing, false)
    const skipped = isNew ? seq - room.seq - 1 : 0
    const was = isNew || isMine ? false : this.#named.get(seq)
    // My own message counted only while it was missing.
    const counted = isNew ? 0 : isMine ? Number(this.#named.has(seq)) : 1
    const counts = isMine || isDeleted ? 0 : 1
    room.seq = Math.max(room.seq, seq)
    if (isMine) this.#named.delete(seq)
    else this.#named.set(seq, isNamed)
    const change = { seq, ver, isMine: isMine && isNew, unread: counts - counted + skipped, mentions: Number(isNamed) - Number(was ?? isNamed) }
    this.#recent.push(change)
    if (this.#recent.length > RECENT) this.#recent.shift()
    const isUnread = seq > room.readSeq
    this.#add(change)
    return !isUnread || was !== undefined || !(isNamed || room.mentions > 0)
  }

  // The server's counts include this change already.
  #known({ seq, isMine, isNamed }) {
    const room = this.#room
    room.seq = Math.max(room.seq, seq)
    if (!isMine && seq > room.readSeq) this.#named.set(seq, isNamed)
    return true
  }

  // This window showed everything up to `seq`; the server's echo corrects what this leaves.
  see(seq) {
    const room = this.#room
    room.readSeq = seq
    room.unread = Math.min(room.unread, Math.max(0, room.seq - seq))
    const passed = [...this.#named].filter(([place]) => place <= seq)
    room.mentions = room.unread === 0 ? 0 : Math.max(0, room.mentions - passed.filter(([, isNamed]) => isNamed).length)
    passed.forEach(([place]) => this.#named.delete(place))
  }

  #add({ seq, isMine, unread, mentions }) {
    const room = this.#room
    // My own message moves my mark when I had read everything before it.
    if (isMine && seq === room.readSeq + 1) room.readSeq = seq
    if (seq <= room.readSeq) return
    room.unread = Math.max(0, room.unread + unread)
    room.mentions = Math.max(0, room.mentions + mentions)
  }
}
