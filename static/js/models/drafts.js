// Drafts: one text per room, user and database epoch; the latest wins.
import { outbox } from "./outbox.js"
import { store } from "./store.js"

class Drafts {
  #next = new Map()
  #writing = new Set()

  // The draft of a room, or an empty string.
  async load(roomId) {
    const key = this.#key(roomId)
    const draft = (await this.all()).find(draft => draft.key === key)
    return draft?.text ?? ""
  }

  // All drafts of this user.
  async all() {
    return (await store.all("drafts", outbox.userId)).values
  }

  // Saves a draft, or removes it when it is empty. Of the texts that arrive during a write only the latest is
  // written.
  async save({ roomId, roomName, text }) {
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
