// What was begun and not sent: one text for each room, person and database. The latest wins.
import { outbox } from "./outbox.js"
import { store } from "./store.js"

class Drafts {
  #next = new Map()
  #writing = new Set()

  // What was begun in a room, or an empty text.
  async recall(roomId) {
    const key = this.#key(roomId)
    const draft = (await this.all()).find(draft => draft.key === key)
    return draft?.text ?? ""
  }

  // Every draft of this person.
  async all() {
    return (await store.all("drafts", outbox.userId)).values
  }

  // Keeps a text, or forgets it when it is empty. While one is being written only the latest of the next ones counts.
  async keep({ roomId, roomName, text }) {
    const key = this.#key(roomId)
    this.#next.set(key, { key, userId: outbox.userId, epoch: outbox.epoch, roomId, roomName, text })
    if (this.#writing.has(key)) return
    this.#writing.add(key)
    while (this.#next.has(key)) {
      const draft = this.#next.get(key)
      this.#next.delete(key)
      await (draft.text.trim() ? store.put("drafts", draft) : store.remove("drafts", key))
    }
    this.#writing.delete(key)
  }

  discard(key) {
    return store.remove("drafts", key)
  }

  #key(roomId) {
    return `${outbox.userId}.${outbox.epoch}.${roomId}`
  }
}

export const drafts = new Drafts()
