// My pending room invitations. The server sends all of them after each hello.
//
// Events: "change".
import { connection } from "./connection.js"

class Invitations extends EventTarget {
  #pending = new Map()

  constructor() {
    super()
    connection.addEventListener("frame:hello", () => this.#change(() => this.#pending.clear()))
    connection.addEventListener("frame:invitation", ({ detail }) => this.#change(() => this.#pending.set(detail.id, detail)))
    connection.addEventListener("frame:uninvited", ({ detail }) => this.#change(() => this.#pending.delete(detail.id)))
  }

  get count() {
    return this.#pending.size
  }

  has(id) {
    return this.#pending.has(id)
  }

  get ids() {
    return [...this.#pending.keys()]
  }

  // Those after a hello arrive together: one event for all.
  #change(change) {
    change()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.dispatchEvent(new Event("change")), 50)
  }
}

export const invitations = new Invitations()
