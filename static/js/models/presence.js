// Who is here, and who came and went since the state before. The first state after a connection is nobody's coming.
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
  get isCrowd() {
    return this.#people === null && this.count > 0
  }

  forget() {
    this.#people = null
  }

  update({ online, count }) {
    const before = this.#people
    this.#people = online ? new Map(online.map(person => [person.user.id, person])) : null
    this.count = online ? online.length : count
    if (!before || !this.#people) return { came: [], left: [] }
    const others = (these, those) =>
      [...these.values()].map(person => person.user).filter(({ id }) => id !== this.me && !those.has(id))
    return { came: others(this.#people, before), left: others(before, this.#people) }
  }
}
