// Who is online, and who joined and left since the previous state. The first state after a reconnect reports no one.
export class Presence {
  #people = null

  constructor(me) {
    this.me = me
    this.count = 0
  }

  get people() {
    return [...(this.#people?.values() ?? [])]
  }

  // With too many people only their number is known.
  get isCountOnly() {
    return this.#people === null && this.count > 0
  }

  clear() {
    this.#people = null
  }

  update({ online, count }) {
    const before = this.#people
    this.#people = online ? new Map(online.map(person => [person.user.id, person])) : null
    this.count = online ? online.length : count
    if (!before || !this.#people) return { joined: [], left: [] }
    const others = (these, those) =>
      [...these.values()].map(person => person.user).filter(({ id }) => id !== this.me && !those.has(id))
    return { joined: others(this.#people, before), left: others(before, this.#people) }
  }
}
