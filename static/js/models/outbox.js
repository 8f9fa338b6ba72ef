// My unsent messages, of all rooms and windows of this browser. Each is stored with its clientId before it is sent
// and until the server has it, so that a retry never duplicates it. They belong to one user and one database epoch;
// others are never sent.
//
// States: waiting, sending, failed; finally stored (acknowledged) or gone. Events: "change" with the entry; "cleared"
// when everything was discarded.
import { store } from "./store.js"
import { uuid } from "./uuid.js"

const REFRESH_AFTER = 5_000
const FIELDS = ["clientId", "userId", "epoch", "roomId", "roomName", "content", "createdAt", "order", "state", "code", "reason"]

export class Outbox extends EventTarget {
  #entries = new Map()
  #finished = new Set()
  #channel = null
  #refreshTimer = 0
  userId = document.body?.dataset.userId
  epoch = document.querySelector(".layout")?.dataset.epoch ?? null

  // Resolves when the stored entries are loaded.
  open() {
    this.#listen()
    this.ready = this.refresh()
    return this.ready
  }

  close() {
    this.#channel?.close()
    this.#channel = this.ready = null
    clearTimeout(this.#refreshTimer)
  }

  // All entries, in the order in which they were written.
  get all() {
    return [...this.#entries.values()].sort((a, b) => a.order - b.order)
  }

  // The entries that may be sent now.
  get waiting() {
    return this.all.filter(entry => entry.state !== "failed" && !this.isForeign(entry))
  }

  // Whether an entry was written for another database.
  isForeign(entry) {
    return this.epoch !== null && entry.epoch !== this.epoch
  }

  // Whether all entries survive closing this window.
  get isPersistent() {
    return this.#entries.size === 0 || store.isPersistent("outbox")
  }

  get(clientId) {
    return this.#entries.get(clientId)
  }

  // The entries of a room.
  of(roomId) {
    return this.all.filter(entry => entry.roomId === roomId && !this.isForeign(entry))
  }

  async add({ roomId, roomName, content }) {
    const order = Math.max(Date.now(), ...this.all.map(entry => entry.order + 1))
    const { userId, epoch } = this
    const entry = { clientId: uuid(), userId, epoch, roomId, roomName, content, createdAt: new Date().toISOString(), order, state: "waiting" }
    this.#entries.set(entry.clientId, entry)
    this.#emit(entry)
    await this.#save(entry)
  }

  // Retries a failed entry. After a conflict it gets a new clientId.
  async retry(clientId) {
    const entry = this.#entries.get(clientId)
    if (entry?.state !== "failed" || this.isForeign(entry)) return
    if (entry.code === "conflict") {
      this.discard(clientId)
      return this.add(entry)
    }
    this.#change(entry, { state: "waiting", code: undefined, reason: undefined })
    await this.#save(entry)
  }

  discard(clientId) {
    this.#finish(clientId, "gone")
  }

  markSending(entry) {
    this.#change(entry, { state: "sending" })
    this.#broadcast({ entry: record(entry) })
  }

  // Back to waiting: it may or may not have arrived.
  postpone(clientId) {
    const entry = this.#entries.get(clientId)
    if (entry?.state !== "sending") return
    this.#change(entry, { state: "waiting" })
    this.#broadcast({ entry: record(entry) })
  }

  markStored(clientId) {
    this.#finish(clientId, "stored")
  }

  markFailed({ clientId, code, message }) {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#change(entry, { state: "failed", code, reason: message })
    this.#save(entry)
  }

  // Removes everything, in all windows.
  async clear() {
    for (const { clientId } of this.all) this.#remove(clientId, "gone")
    await store.clear(this.userId)
    this.#broadcast({ forgotten: true })
  }

  // Reloads the stored entries, which other windows may have changed.
  async refresh() {
    const { values, isComplete } = await store.all("outbox", this.userId)
    const kept = new Set(values.map(({ clientId }) => clientId))
    if (isComplete) for (const { clientId, isSaved } of this.all) if (isSaved && !kept.has(clientId)) this.#remove(clientId, "gone")
    values.forEach(entry => this.#merge(entry))
    clearTimeout(this.#refreshTimer)
    if (!isComplete && this.ready) this.#refreshTimer = setTimeout(() => this.refresh(), REFRESH_AFTER)
  }

  async #save(entry) {
    await store.put("outbox", { ...record(entry), state: entry.state === "failed" ? "failed" : "waiting" })
    // Acknowledged or discarded meanwhile.
    if (this.#finished.has(entry.clientId)) return store.remove("outbox", entry.clientId)
    entry.isSaved = true
    this.#emit(entry)
    this.#broadcast({ entry: record(entry) })
  }

  #finish(clientId, state) {
    this.#remove(clientId, state)
    store.remove("outbox", clientId)
    this.#broadcast({ ended: clientId, state })
  }

  #remove(clientId, state) {
    const entry = this.#entries.get(clientId)
    this.#entries.delete(clientId)
    this.#finished.add(clientId)
    if (entry) this.#change(entry, { state })
  }

  // Merges an entry of another window or of an earlier page.
  #merge(kept) {
    if (this.#finished.has(kept.clientId)) return
    const entry = this.#entries.get(kept.clientId) ?? { clientId: kept.clientId }
    const isChanged = FIELDS.some(field => entry[field] !== kept[field])
    this.#entries.set(entry.clientId, Object.assign(entry, kept, { isSaved: true }))
    if (isChanged) this.#emit(entry)
  }

  #listen() {
    if (!("BroadcastChannel" in globalThis)) return
    this.#channel = new BroadcastChannel(`teahouse.${this.userId}`)
    this.#channel.onmessage = ({ data: { entry, ended, state, forgotten } }) => {
      if (entry) this.#merge(entry)
      if (ended) this.#remove(ended, state)
      if (!forgotten) return
      for (const { clientId } of this.all) this.#remove(clientId, "gone")
      this.dispatchEvent(new Event("cleared"))
    }
  }

  #broadcast(message) {
    this.#channel?.postMessage(message)
  }

  #change(entry, values) {
    Object.assign(entry, values)
    this.#emit(entry)
  }

  #emit(entry) {
    this.dispatchEvent(new CustomEvent("change", { detail: entry }))
  }
}

function record(entry) {
  return Object.fromEntries(FIELDS.map(field => [field, entry[field]]))
}

export const outbox = new Outbox()
