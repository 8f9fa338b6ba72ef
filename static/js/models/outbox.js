// My messages on their way, of all rooms and of all windows of this browser. Each is kept with its clientId before it is
// sent and until the server has it, so that sending it again never makes a second one. They belong to one person and to
// one database (its epoch): whatever was written for another is never sent.
//
// An entry is waiting, sending or failed; at its end it is stored (acknowledged) or gone.
// Events: "change" with the entry as detail; "forgotten" when the person dropped everything.
import { store } from "./store.js"
import { uuid } from "./uuid.js"

const READ_AGAIN = 5_000
const KEPT = ["clientId", "userId", "epoch", "roomId", "roomName", "content", "createdAt", "order", "state", "code", "reason"]

export class Outbox extends EventTarget {
  #entries = new Map()
  #done = new Set()
  #channel = null
  #again = 0
  userId = document.body?.dataset.userId
  epoch = document.querySelector(".frame")?.dataset.epoch ?? null

  // Resolves when what was kept is here.
  open() {
    this.#listen()
    this.ready = this.refresh()
    return this.ready
  }

  close() {
    this.#channel?.close()
    this.#channel = this.ready = null
    clearTimeout(this.#again)
  }

  // Everything on its way, in the order in which it was written.
  get all() {
    return [...this.#entries.values()].sort((a, b) => a.order - b.order)
  }

  // What may be sent here and now.
  get waiting() {
    return this.all.filter(entry => entry.state !== "failed" && !this.isForeign(entry))
  }

  // Whether an entry was written for another database than the one that is there now.
  isForeign(entry) {
    return this.epoch !== null && entry.epoch !== this.epoch
  }

  // Whether everything here outlives this window.
  get isLasting() {
    return this.#entries.size === 0 || store.isLasting("outbox")
  }

  get(clientId) {
    return this.#entries.get(clientId)
  }

  // What is on its way to a room.
  of(roomId) {
    return this.all.filter(entry => entry.roomId === roomId && !this.isForeign(entry))
  }

  async add({ roomId, roomName, content }) {
    const order = Math.max(Date.now(), ...this.all.map(entry => entry.order + 1))
    const { userId, epoch } = this
    const entry = { clientId: uuid(), userId, epoch, roomId, roomName, content, createdAt: new Date().toISOString(), order, state: "waiting" }
    this.#entries.set(entry.clientId, entry)
    this.#tell(entry)
    await this.#keep(entry)
  }

  // Once more. An id that the server knows with another text is of no use any more.
  async retry(clientId) {
    const entry = this.#entries.get(clientId)
    if (entry?.state !== "failed" || this.isForeign(entry)) return
    if (entry.code === "conflict") {
      this.discard(clientId)
      return this.add(entry)
    }
    this.#change(entry, { state: "waiting", code: undefined, reason: undefined })
    await this.#keep(entry)
  }

  discard(clientId) {
    this.#end(clientId, "gone")
  }

  sending(entry) {
    this.#change(entry, { state: "sending" })
    this.#say({ entry: record(entry) })
  }

  // It goes on waiting: nobody knows whether it arrived, or it was not its turn.
  postpone(clientId) {
    const entry = this.#entries.get(clientId)
    if (entry?.state !== "sending") return
    this.#change(entry, { state: "waiting" })
    this.#say({ entry: record(entry) })
  }

  // It is stored: the server said so.
  stored(clientId) {
    this.#end(clientId, "stored")
  }

  // It is not, and will not be.
  refused({ clientId, code, message }) {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#change(entry, { state: "failed", code, reason: message })
    this.#keep(entry)
  }

  // Nothing is left, here and in the other windows.
  async forget() {
    for (const { clientId } of this.all) this.#leave(clientId, "gone")
    await store.forget(this.userId)
    this.#say({ forgotten: true })
  }

  // Reads again what is kept: other windows may have written or finished something.
  async refresh() {
    const { values, isWhole } = await store.all("outbox", this.userId)
    const kept = new Set(values.map(({ clientId }) => clientId))
    if (isWhole) for (const { clientId, isKept } of this.all) if (isKept && !kept.has(clientId)) this.#leave(clientId, "gone")
    values.forEach(entry => this.#learn(entry))
    clearTimeout(this.#again)
    if (!isWhole && this.ready) this.#again = setTimeout(() => this.refresh(), READ_AGAIN)
  }

  async #keep(entry) {
    await store.put("outbox", { ...record(entry), state: entry.state === "failed" ? "failed" : "waiting" })
    // Acknowledged or discarded meanwhile: it must not come back.
    if (this.#done.has(entry.clientId)) return store.remove("outbox", entry.clientId)
    entry.isKept = true
    this.#tell(entry)
    this.#say({ entry: record(entry) })
  }

  #end(clientId, state) {
    this.#leave(clientId, state)
    store.remove("outbox", clientId)
    this.#say({ ended: clientId, state })
  }

  #leave(clientId, state) {
    const entry = this.#entries.get(clientId)
    this.#entries.delete(clientId)
    this.#done.add(clientId)
    if (entry) this.#change(entry, { state })
  }

  // What another window, or an earlier one, says of an entry.
  #learn(kept) {
    if (this.#done.has(kept.clientId)) return
    const entry = this.#entries.get(kept.clientId) ?? { clientId: kept.clientId }
    const isNews = KEPT.some(field => entry[field] !== kept[field])
    this.#entries.set(entry.clientId, Object.assign(entry, kept, { isKept: true }))
    if (isNews) this.#tell(entry)
  }

  #listen() {
    if (!("BroadcastChannel" in globalThis)) return
    this.#channel = new BroadcastChannel(`teahouse.${this.userId}`)
    this.#channel.onmessage = ({ data: { entry, ended, state, forgotten } }) => {
      if (entry) this.#learn(entry)
      if (ended) this.#leave(ended, state)
      if (!forgotten) return
      for (const { clientId } of this.all) this.#leave(clientId, "gone")
      this.dispatchEvent(new Event("forgotten"))
    }
  }

  #say(words) {
    this.#channel?.postMessage(words)
  }

  #change(entry, values) {
    Object.assign(entry, values)
    this.#tell(entry)
  }

  #tell(entry) {
    this.dispatchEvent(new CustomEvent("change", { detail: entry }))
  }
}

function record(entry) {
  return Object.fromEntries(KEPT.map(field => [field, entry[field]]))
}

export const outbox = new Outbox()
