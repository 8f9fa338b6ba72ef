// Sends what the outbox holds over this window's connection: in order, one at a time in each room, no faster than the
// server allows. Of several windows one has the turn. Where the browser has no locks each of them sends: the clientId
// makes one message of it, and as all send in the same order, that order is kept.
import { longestPause } from "./backoff.js"
import { inTurn } from "./turn.js"

const ANSWER_WITHIN = 8_000
const PAUSE_FIRST = 1_500
const TEMPORARY = new Set(["rate_limited", "unavailable", "internal"])

export class Sender {
  #listening = new AbortController()
  #flying = new Map()
  #limits = null
  #tokens = 0
  #filledAt = 0
  #turn = null
  #timer = 0
  #pauses = 0
  #pausedUntil = 0
  #isLimited = false

  constructor(outbox, connection) {
    Object.assign(this, { outbox, connection })
    const { signal } = this.#listening
    const on = (target, type, handler) => target.addEventListener(type, handler.bind(this), { signal })
    on(outbox, "change", this.#pump)
    on(connection, "state", this.#state)
    on(connection, "wake", this.#wake)
    const frames = { hello: this.#hello, ack: this.#ack, error: this.#error, message: this.#message }
    for (const [type, handler] of Object.entries(frames)) on(connection, `frame:${type}`, ({ detail }) => handler.call(this, detail))
  }

  stop() {
    this.#listening.abort()
    this.#land()
  }

  // Whoever the server takes us for is the only one we send for.
  #hello({ user, epoch, limits }) {
    this.outbox.epoch = epoch
    this.#land()
    if (user.id !== this.outbox.userId) return
    if (!this.#limits) this.#tokens = limits.burst
    this.#limits = limits
    this.isGreeted = true
    this.#pauses = this.#pausedUntil = 0
    this.outbox.ready.then(() => this.#pump())
  }

  #state() {
    if (this.connection.state !== "online") this.#land()
  }

  #ack({ clientId }) {
    this.#pauses = 0
    this.#arrived(clientId)
    this.outbox.stored(clientId)
    this.#pump()
  }

  // A message of mine that everybody hears of is stored, whichever window sent it.
  #message({ user, clientId }) {
    if (user.id === this.outbox.userId && this.outbox.get(clientId)) this.#ack({ clientId })
  }

  #error({ clientId, code, message }) {
    if (!clientId || !this.#arrived(clientId)) return
    if (!TEMPORARY.has(code)) this.outbox.refused({ clientId, code, message })
    else {
      // Another device may have spent what this one counts on.
      this.#isLimited = code === "rate_limited"
      if (this.#isLimited) this.#tokens = 0
      this.#pause()
      this.outbox.postpone(clientId)
    }
    this.#pump()
  }

  // Longer each time, until something gets through; what was sent together is put off together.
  #pause() {
    if (performance.now() < this.#pausedUntil) return
    const longest = Math.min(longestPause(), PAUSE_FIRST * 2 ** this.#pauses)
    this.#pausedUntil = performance.now() + longest * (3 + Math.random()) / 4
    this.#pauses += 1
  }

  // Tries at once, unless the server asked to slow down.
  #wake() {
    if (this.#isLimited) return
    this.#pausedUntil = 0
    this.#pump()
  }

  #pump() {
    clearTimeout(this.#timer)
    const { waiting } = this.outbox
    if (!this.isGreeted) return
    if (waiting.length === 0) return this.#letGo()
    if (!this.#turn) return this.#take()
    if (!this.#turn.isMine) return
    const busy = new Set([...this.#flying.values()].map(({ roomId }) => roomId))
    for (const entry of waiting) {
      if (busy.has(entry.roomId)) continue
      busy.add(entry.roomId)
      if (!entry.isKept) continue
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
    const timer = setTimeout(() => this.#overdue(clientId), ANSWER_WITHIN)
    this.#flying.set(clientId, { roomId, timer })
    this.#tokens -= 1
    if (!this.connection.send({ type: "post", clientId, roomId, content })) return this.#arrived(clientId)
    this.outbox.sending(entry)
  }

  // No answer: the connection may be dead. The same message goes again.
  #overdue(clientId) {
    this.#arrived(clientId)
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

  // Answers whether it was under way.
  #arrived(clientId) {
    clearTimeout(this.#flying.get(clientId)?.timer)
    return this.#flying.delete(clientId)
  }

  // Nothing is under way any more; what was, waits.
  #land() {
    this.isGreeted = false
    clearTimeout(this.#timer)
    for (const clientId of [...this.#flying.keys()]) {
      this.#arrived(clientId)
      this.outbox.postpone(clientId)
    }
    this.#letGo()
  }

  #take() {
    const turn = { isMine: false, end: () => {} }
    this.#turn = turn
    const work = async () => {
      if (this.#turn !== turn) return
      const over = new Promise(resolve => (turn.end = resolve))
      await this.outbox.refresh()
      turn.isMine = true
      this.#pump()
      await over
    }
    const name = `teahouse.outbox.${this.outbox.userId}`
    inTurn(name, work).catch(() => this.#turn === turn && this.#lost())
  }

  // Another window waited too long and goes on with it; this one looks later whether anything is left.
  #lost() {
    this.#letGo()
    this.#timer = setTimeout(() => this.#pump(), PAUSE_FIRST)
  }

  #letGo() {
    const turn = this.#turn
    this.#turn = null
    turn?.end()
  }
}
