// Messages on their way. Each keeps its clientId until it is stored, so that sending it again never makes a second one.
//
// An entry is queued, sent, stored (acknowledged, its frame still to come) or failed.
import { t } from "./strings.js"
import { recall, remember } from "./memory.js"

const ACK_WITHIN = 5_000
const PAUSE = 1_500
const PATIENCE = 5

export class Outbox {
  #entries = new Map()
  #timers = new Map()
  #key
  #send
  #changed
  #tokens
  #filledAt = performance.now()
  #limits
  #pump = 0
  #pausedUntil = 0

  // `send(frame)` answers whether the frame went out; `changed(entry)` hears of every change of an entry.
  constructor({ roomId, userId, limits, send, changed }) {
    this.roomId = roomId
    this.#key = `outbox.${userId}.${roomId}`
    this.#limits = limits
    this.#tokens = limits.burst
    this.#send = send
    this.#changed = changed
  }

  // What a reload interrupted, except what `isStored(clientId)` knows.
  restore(isStored) {
    for (const entry of recall(this.#key) ?? []) {
      if (isStored(entry.clientId)) continue
      this.#entries.set(entry.clientId, entry)
      this.#change(entry, entry.state === "failed" && !entry.unconfirmed ? {} : { state: "queued", reason: null })
    }
    this.#keep()
  }

  add(content) {
    const entry = { clientId: uuid(), content, createdAt: new Date().toISOString(), state: "queued", reason: null, tries: 0 }
    this.#entries.set(entry.clientId, entry)
    this.#change(entry, {})
    this.#flush()
  }

  retry(clientId) {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#change(entry, { state: "queued", reason: null, unconfirmed: false, tries: 0 })
    this.#flush()
  }

  discard(clientId) {
    this.#entries.delete(clientId)
    this.#disarm(clientId)
    this.#keep()
  }

  connected(limits) {
    this.#limits = limits
    this.#requeue(entry => entry.state === "sent" || entry.unconfirmed)
    this.#flush()
  }

  disconnected() {
    this.#requeue(entry => entry.state === "sent")
  }

  acknowledged({ clientId }) {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#disarm(clientId)
    this.#change(entry, { state: "stored", reason: null, unconfirmed: false })
  }

  refused({ clientId, code, message }) {
    const entry = this.#entries.get(clientId)
    if (!entry || entry.state === "stored") return
    this.#disarm(clientId)
    const isTemporary = code === "rate_limited" || code === "unavailable"
    if (!isTemporary || entry.tries >= PATIENCE) return this.#change(entry, { state: "failed", reason: message, saysAll: code === "blocked" })
    this.#pausedUntil = performance.now() + PAUSE * entry.tries
    this.#change(entry, { state: "queued" })
    this.#flush()
  }

  // The message itself arrived. Answers whether it was one of ours on its way.
  settle(clientId) {
    if (!this.#entries.has(clientId)) return false
    this.discard(clientId)
    return true
  }

  stop() {
    clearTimeout(this.#pump)
    for (const clientId of this.#timers.keys()) this.#disarm(clientId)
  }

  // Sends what waits, in order, no faster than the server allows.
  #flush() {
    clearTimeout(this.#pump)
    for (const entry of this.#entries.values()) {
      if (entry.state !== "queued") continue
      const wait = Math.max(this.#pausedUntil - performance.now(), this.#waitForToken())
      if (wait > 0) {
        this.#pump = setTimeout(() => this.#flush(), wait)
        return
      }
      if (!this.#send({ type: "post", clientId: entry.clientId, roomId: this.roomId, content: entry.content })) return
      this.#tokens -= 1
      this.#timers.set(entry.clientId, setTimeout(() => this.#overdue(entry), ACK_WITHIN))
      this.#change(entry, { state: "sent", tries: entry.tries + 1 })
    }
  }

  #waitForToken() {
    const { burst, postsPerSecond } = this.#limits
    const now = performance.now()
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) / 1000 * postsPerSecond)
    this.#filledAt = now
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / postsPerSecond * 1000 + 10
  }

  #overdue(entry) {
    this.#timers.delete(entry.clientId)
    this.#change(entry, { state: "failed", reason: t("js-not-confirmed"), unconfirmed: true })
  }

  #requeue(which) {
    for (const entry of this.#entries.values()) {
      if (!which(entry)) continue
      this.#disarm(entry.clientId)
      this.#change(entry, { state: "queued", reason: null, unconfirmed: false })
    }
  }

  #disarm(clientId) {
    clearTimeout(this.#timers.get(clientId))
    this.#timers.delete(clientId)
  }

  #change(entry, values) {
    Object.assign(entry, values)
    this.#keep()
    this.#changed(entry)
  }

  #keep() {
    remember(this.#key, [...this.#entries.values()])
  }
}

// crypto.randomUUID is only there on https and localhost.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}
