// My edits and deletions on their way. Doing one twice changes nothing, so they are sent again after a lost connection.
import { t } from "./strings.js"

const ANSWER_WITHIN = 8_000

export class Changes {
  #pending = new Map()

  // `saving(seq, isSaving)` hears of what waits; `refused(frame, sentence)` of what was not done.
  constructor({ roomId, send, saving, refused }) {
    Object.assign(this, { roomId, send, saving, refused })
  }

  edit(seq, content) {
    this.#add({ type: "edit", roomId: this.roomId, seq, content })
  }

  remove(seq) {
    this.#add({ type: "delete", roomId: this.roomId, seq })
  }

  connected() {
    for (const change of this.#pending.values()) this.#try(change)
  }

  disconnected() {
    for (const change of this.#pending.values()) clearTimeout(change.timer)
  }

  // The message is there as it is now.
  settle(seq) {
    const change = this.#pending.get(seq)
    if (!change) return
    clearTimeout(change.timer)
    this.#pending.delete(seq)
    this.saving(seq, false)
  }

  refuse({ seq, message }) {
    const change = this.#pending.get(seq)
    if (!change) return
    this.settle(seq)
    this.refused(change.frame, message)
  }

  #add(frame) {
    clearTimeout(this.#pending.get(frame.seq)?.timer)
    const change = { frame, timer: 0 }
    this.#pending.set(frame.seq, change)
    this.saving(frame.seq, true)
    this.#try(change)
  }

  #try(change) {
    clearTimeout(change.timer)
    if (!this.send(change.frame)) return
    change.timer = setTimeout(() => this.refuse({ seq: change.frame.seq, message: t("js-not-confirmed") }), ANSWER_WITHIN)
  }
}
