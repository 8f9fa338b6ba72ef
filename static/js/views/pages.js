// Which stretch of the room's history is in the page, and how it grows at both ends.
import { SignedOut } from "../models/history.js"
import { Edge } from "./edge.js"

const AROUND_BEFORE = 20
const AROUND = 70

export class Pages {
  // `newest()` is the place of the room's newest message; `changed()` hears of every change; `signedOut()` of a refusal.
  constructor({ history, transcript, scroller, isAtEnd, newest, changed, signedOut }) {
    Object.assign(this, { history, transcript, scroller, isAtEnd, newest, changed, signedOut })
    const { container } = transcript
    this.older = new Edge("older", container, scroller.element, () => this.#try(() => this.#fetchOlder()))
    this.newer = new Edge("newer", container, scroller.element, () => this.#try(() => this.#fetchNewer()))
  }

  get hasOlder() {
    return (this.transcript.firstSeq ?? 1) > 1
  }

  offer() {
    this.older.offer(this.hasOlder)
    this.newer.offer(!this.isAtEnd)
  }

  stop() {
    this.older.stop()
    this.newer.stop()
  }

  // The newest messages instead of what is shown. Answers whether that worked.
  latest() {
    return this.#try(async () => {
      const messages = await this.history.before(this.newest() + 1)
      this.#replace(messages, true)
    })
  }

  // A stretch around a place instead of what is shown.
  around(seq) {
    return this.#try(async () => {
      const messages = await this.history.after(Math.max(0, seq - AROUND_BEFORE), AROUND)
      this.#replace(messages, (messages.at(-1)?.seq ?? 0) >= this.newest())
    })
  }

  #replace(messages, isAtEnd) {
    this.isAtEnd = isAtEnd
    this.scroller.quietly(() => {
      this.transcript.clear()
      this.transcript.insert(messages)
    })
    this.changed()
  }

  async #fetchOlder() {
    const first = this.transcript.firstSeq
    if (first === null) return
    const messages = await this.history.before(first)
    this.scroller.quietly(() => {
      this.transcript.insert(messages)
      this.older.offer(this.hasOlder && messages.length > 0)
    })
    this.changed()
  }

  async #fetchNewer() {
    const messages = await this.history.after(this.transcript.lastSeq)
    this.scroller.quietly(() => {
      this.transcript.insert(messages)
      this.isAtEnd = messages.length === 0 || this.transcript.lastSeq >= this.newest()
      this.newer.offer(!this.isAtEnd)
    })
    this.changed()
  }

  async #try(fetch) {
    try {
      await fetch()
      return true
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut()
      return false
    }
  }
}
