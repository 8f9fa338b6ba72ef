// The range of messages that is loaded, growing at both ends.
import { SignedOut } from "../models/history.js"
import { HistoryLoader } from "./history_loader.js"

const AROUND_BEFORE = 20
const AROUND = 70

export class HistoryWindow {
  // `newest()` returns the newest `seq`; `onChange()` is called after every change, `onSignedOut()` on 401.
  constructor({ history, transcript, scroller, isAtEnd, newest, onChange, onSignedOut }) {
    Object.assign(this, { history, transcript, scroller, isAtEnd, newest, onChange, onSignedOut })
    const { container } = transcript
    this.older = new HistoryLoader("older", container, scroller.element, () => this.#try(() => this.#fetchOlder()))
    this.newer = new HistoryLoader("newer", container, scroller.element, () => this.#try(() => this.#fetchNewer()))
  }

  get hasOlder() {
    return (this.transcript.firstSeq ?? 1) > 1
  }

  setAvailable() {
    this.older.setAvailable(this.hasOlder)
    this.newer.setAvailable(!this.isAtEnd)
  }

  stop() {
    this.older.stop()
    this.newer.stop()
  }

  // Shows the newest messages instead. Returns whether that worked.
  showLatest() {
    return this.#try(async () => {
      const messages = await this.history.before(this.newest() + 1)
      this.#replace(messages, true)
    })
  }

  // Shows the messages around `seq` instead.
  showAround(seq) {
    return this.#try(async () => {
      const messages = await this.history.after(Math.max(0, seq - AROUND_BEFORE), AROUND)
      this.#replace(messages, (messages.at(-1)?.seq ?? 0) >= this.newest())
    })
  }

  #replace(messages, isAtEnd) {
    this.isAtEnd = isAtEnd
    this.scroller.withoutAnnouncing(() => {
      this.transcript.clear()
      this.transcript.insert(messages)
    })
    this.onChange()
  }

  async #fetchOlder() {
    const first = this.transcript.firstSeq
    if (first === null) return
    const messages = await this.history.before(first)
    this.scroller.withoutAnnouncing(() => {
      this.transcript.insert(messages)
      this.older.setAvailable(this.hasOlder && messages.length > 0)
    })
    this.onChange()
  }

  async #fetchNewer() {
    const messages = await this.history.after(this.transcript.lastSeq)
    this.scroller.withoutAnnouncing(() => {
      this.transcript.insert(messages)
      this.isAtEnd = messages.length === 0 || this.transcript.lastSeq >= this.newest()
      this.newer.setAvailable(!this.isAtEnd)
    })
    this.onChange()
  }

  async #try(fetch) {
    try {
      await fetch()
      return true
    } catch (error) {
      if (error instanceof SignedOut) this.onSignedOut()
      return false
    }
  }
}
