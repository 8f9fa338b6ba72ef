// Sends the outbox over this window's connection: one message at a time in each room, within the server's rate limit.
// One window at a time sends, by a lock. Without locks all windows send the same messages in the same order, and the
// clientId removes the duplicates.
import { maxPause } from "./backoff.js"
import { withLock } from "./leader_lock.js"

const RESPONSE_TIMEOUT = 8_000
const FIRST_PAUSE = 1_500
const RETRYABLE = new Set(["rate_limited", "unavailable", "internal"])

export class Sender {
  #abort = new AbortController()
  #inFlight = new Map()
  #limits = null
  #tokens = 0
  #filledAt = 0
  #lock = null
  #timer = 0
  #retries = 0
  #pausedUntil = 0
  #isLimited = false

  constructor(outbox, connection) {
    Object.assign(this, { outbox, connection })
    const { signal } = this.#abort
    const on = (target, type, handler) => target.addEventListener(type, handler.bind(this), { signal })
    on(outbox, "change", this.#pump)
    on(connection, "state", this.#state)
    on(connection, "wake", this.#wake)
    const frames = { hello: this.#hello, ack: this.#ack, error: this.#error, message: this.#message }
    for (const [type, handler] of Object.entries(frames)) on(connection, `frame:${type}`, ({ detail }) => handler.call(this, detail))
  }

  stop() {
    this.#abort.abort()
    this.#reset()
  }

  // Sends only as the user whose page this is.
  #hello({ user, epoch, limits }) {
    this.outbox.epoch = epoch
    this.#reset()
    if (user.id !== this.outbox.userId) return
    if (!this.#limits) this.#tokens = limits.burst
    this.#limits = limits
    this.isGreeted = true
    this.#retries = this.#pausedUntil = 0
    this.outbox.ready.then(() => this.#pump())
  }

  #state() {
    if (this.connection.state !== "online") this.#reset()
  }

  #ack({ clientId }) {
    this.#retries = 0
    this.#settle(clientId)
    this.outbox.markStored(clientId)
    this.#pump()
  }

  // An own message that is broadcast is stored, whichever window sent it.
  #message({ user, clientId }) {
    if (user.id === this.outbox.userId && this.outbox.get(clientId)) this.#ack({ clientId })
  }

  #error({ clientId, code, message }) {
    if (!clientId || !this.#settle(clientId)) return
    if (!RETRYABLE.has(code)) this.outbox.markFailed({ clientId, code, message })
    else {
      // Another device may have used up the tokens.
      this.#isLimited = code === "rate_limited"
      if (this.#isLimited) this.#tokens = 0
      this.#pause()
      this.outbox.postpone(clientId)
    }
    this.#pump()
  }

  // Backs off exponentially; messages refused together are delayed together.
  #pause() {
    if (performance.now() < this.#pausedUntil) return
    const longest = Math.min(maxPause(), FIRST_PAUSE * 2 ** this.#retries)
    this.#pausedUntil = performance.now() + longest * (3 + Math.random()) / 4
    this.#retries += 1
  }

  // Sends at once, unless rate limited.
  #wake() {
    if (this.#isLimited) return
    this.#pausedUntil = 0
    this.#pump()
  }

  #pump() {
    clearTimeout(this.#timer)
    const { waiting } = this.outbox
    if (!this.isGreeted) return
    if (waiting.length === 0) return this.#releaseLock()
    if (!this.#lock) return this.#acquireLock()
    if (!this.#lock.isHeld) return
    const busy = new Set([...this.#inFlight.values()].map(({ roomId }) => roomId))
    for (const entry of waiting) {
      if (busy.has(entry.roomId)) continue
      busy.add(entry.roomId)
      if (!entry.isSaved) continue
      const wait = Math.max(this.#pausedUntil - performance.now(), this.#waitForToken())
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), wait)
        return
      }
      this.#send(entry)
    }
  }

  #send(entry) {
    const { clientId, roomId, content } = entry
    const timer = setTimeout(() => this.#timedOut(clientId), RESPONSE_TIMEOUT)
    this.#inFlight.set(clientId, { roomId, timer })
    this.#tokens -= 1
    if (!this.connection.send({ type: "post", clientId, roomId, content })) return this.#settle(clientId)
    this.outbox.markSending(entry)
  }

  // The connection may be dead; the message is sent again.
  #timedOut(clientId) {
    this.#settle(clientId)
    this.outbox.postpone(clientId)
    this.connection.wake()
    this.#pump()
  }

  #waitForToken() {
    const { burst, postsPerSecond } = this.#limits
    const now = performance.now()
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) / 1000 * postsPerSecond)
    this.#filledAt = now
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / postsPerSecond * 1000 + 10
  }

  // Returns whether it was in flight.
  #settle(clientId) {
    clearTimeout(this.#inFlight.get(clientId)?.timer)
    return this.#inFlight.delete(clientId)
  }

  // In-flight messages go back to waiting.
  #reset() {
    this.isGreeted = false
    clearTimeout(this.#timer)
    for (const clientId of [...this.#inFlight.keys()]) {
      this.#settle(clientId)
      this.outbox.postpone(clientId)
    }
    this.#releaseLock()
  }

  #acquireLock() {
    const lock = { isHeld: false, release: () => {} }
    this.#lock = lock
    const work = async () => {
      if (this.#lock !== lock) return
      const released = new Promise(resolve => (lock.release = resolve))
      await this.outbox.refresh()
      lock.isHeld = true
      this.#pump()
      await released
    }
    const name = `teahouse.outbox.${this.outbox.userId}`
    withLock(name, work).catch(() => this.#lock === lock && this.#lockLost())
  }

  // Another window stole the lock; checks later whether anything is left.
  #lockLost() {
    this.#releaseLock()
    this.#timer = setTimeout(() => this.#pump(), FIRST_PAUSE)
  }

  #releaseLock() {
    const lock = this.#lock
    this.#lock = null
    lock?.release()
  }
}
