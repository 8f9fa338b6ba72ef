// Who is typing in a room. Expires after 5 s, as on the server.
const EXPIRE_AFTER = 5_000
const SEND_INTERVAL = 3_000

export class TypingUsers {
  #people = new Map()
  #sentAt = 0

  // Calls `send()` when I type, and `onChange(names)` when others do.
  constructor({ send, onChange }) {
    Object.assign(this, { send, onChange })
  }

  typed() {
    if (Date.now() - this.#sentAt < SEND_INTERVAL) return
    this.#sentAt = Date.now()
    this.send()
  }

  started(user) {
    clearTimeout(this.#people.get(user.id)?.timer)
    this.#people.set(user.id, { user, timer: setTimeout(() => this.stopped(user.id), EXPIRE_AFTER) })
    this.#notify()
  }

  stopped(userId) {
    clearTimeout(this.#people.get(userId)?.timer)
    if (this.#people.delete(userId)) this.#notify()
  }

  clear() {
    for (const userId of [...this.#people.keys()]) this.stopped(userId)
  }

  #notify() {
    this.onChange([...this.#people.values()].map(({ user }) => user.username))
  }
}
