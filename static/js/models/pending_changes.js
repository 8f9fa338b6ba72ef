// My edits and deletions in flight. They are idempotent, so they are sent again after a reconnect.
import { t } from "./strings.js"

const RESPONSE_TIMEOUT = 8_000

export class PendingChanges {
  #pending = new Map()

  // Calls `onSaving(seq, isSaving)` while a change is pending, and `onRejected(frame, text)` when it failed.
  constructor({ roomId, send, onSaving, onRejected }) {
    Object.assign(this, { roomId, send, onSaving, onRejected })
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

  // The message arrived in its new state.
  confirm(seq) {
    const change = this.#pending.get(seq)
    if (!change) return
    clearTimeout(change.timer)
    this.#pending.delete(seq)
    this.onSaving(seq, false)
  }

  reject({ seq, message }) {
    const change = this.#pending.get(seq)
    if (!change) return
    this.confirm(seq)
    this.onRejected(change.frame, message)
  }

  #add(frame) {
    clearTimeout(this.#pending.get(frame.seq)?.timer)
    const change = { frame, timer: 0 }
    this.#pending.set(frame.seq, change)
    this.onSaving(frame.seq, true)
    this.#try(change)
  }

  #try(change) {
    clearTimeout(change.timer)
    if (!this.send(change.frame)) return
    change.timer = setTimeout(() => this.reject({ seq: change.frame.seq, message: t("js-not-confirmed") }), RESPONSE_TIMEOUT)
  }
}
