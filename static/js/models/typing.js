// Who types in a room. The server forgets it after 5 s, and so does this window.
const FOR = 5_000
const TELL_EVERY = 3_000

export class Typing {
  #people = new Map()
  #toldAt = 0

  // `tell()` says that I type; `changed(names)` hears who else does.
  constructor({ tell, changed }) {
    Object.assign(this, { tell, changed })
  }

  mine() {
    if (Date.now() - this.#toldAt < TELL_EVERY) return
    this.#toldAt = Date.now()
    this.tell()
  }

  theirs(user) {
    clearTimeout(this.#people.get(user.id)?.timer)
    this.#people.set(user.id, { user, timer: setTimeout(() => this.stopped(user.id), FOR) })
    this.#tellChanged()
  }

  stopped(userId) {
    clearTimeout(this.#people.get(userId)?.timer)
    if (this.#people.delete(userId)) this.#tellChanged()
  }

  clear() {
    for (const userId of [...this.#people.keys()]) this.stopped(userId)
  }

  #tellChanged() {
    this.changed([...this.#people.values()].map(({ user }) => user.username))
  }
}
