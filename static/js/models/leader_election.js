// Elects the window that holds the shared event stream: the owner of a Web Lock. It broadcasts over a
// BroadcastChannel; the next in line takes over when it closes or no longer responds.
//
// Terms grow with every leader, so that late messages of an earlier one are ignored.
import { uuid } from "./uuid.js"

const RESPONSE_TIMEOUT = 4_000
const PING_VISIBLE = 5_000
const PING_HIDDEN = 30_000

export class LeaderElection {
  #name
  #on
  #tab = uuid()
  #term = 0
  #channel
  #pending = null
  #release = null
  #isStopped = false
  #pingTimer = 0
  #responseTimer = 0
  isLeader = false

  static get isSupported() {
    return Boolean(globalThis.navigator?.locks) && "BroadcastChannel" in globalThis
  }

  // `lead()` and `resign()` start and end leadership; `onFollowerMessage(tab, message)` is called in the leader,
  // `onLeaderMessage(message)` in followers; `describe()` returns what a follower reports about its window.
  constructor(userId, { lead, resign, onFollowerMessage, onLeaderMessage, describe }) {
    this.#name = `teahouse.stream.${userId}`
    this.#on = { lead, resign, onFollowerMessage, onLeaderMessage, describe }
    this.#channel = new BroadcastChannel(this.#name)
    this.#channel.onmessage = ({ data }) => this.#receive(data)
    this.onVisible = () => document.hidden || this.report()
    document.addEventListener("visibilitychange", this.onVisible)
    this.#request({})
    this.report()
  }

  get tab() {
    return this.#tab
  }

  // Reports to the leader, which responds. A leader that doesn't respond in time is replaced.
  report(extra = {}) {
    if (this.isLeader || this.#isStopped) return
    this.#channel.postMessage({ tab: this.#tab, ...this.#on.describe(), ...extra })
    this.#responseTimer ||= setTimeout(() => this.#request({ steal: true }), RESPONSE_TIMEOUT)
    clearTimeout(this.#pingTimer)
    this.#pingTimer = setTimeout(() => this.report(), document.hidden ? PING_HIDDEN : PING_VISIBLE)
  }

  broadcast(message) {
    if (this.isLeader) this.#channel.postMessage({ term: this.#term, ...message })
  }

  stop() {
    if (this.#isStopped) return
    if (!this.isLeader) this.#channel.postMessage({ tab: this.#tab, bye: true })
    this.#isStopped = true
    this.isLeader = false
    this.#clearTimers()
    document.removeEventListener("visibilitychange", this.onVisible)
    this.#pending?.abort()
    this.#release?.()
    this.#channel.close()
  }

  #receive(data) {
    if (this.#isStopped) return
    if (data.tab) return this.isLeader && this.#on.onFollowerMessage(data.tab, data)
    if (this.isLeader || data.term < this.#term) return
    const isNew = data.term > this.#term
    this.#term = data.term
    clearTimeout(this.#responseTimer)
    this.#responseTimer = 0
    this.#on.onLeaderMessage(data)
    // A new leader doesn't know this window yet.
    if (isNew) this.report()
  }

  #request({ steal = false }) {
    this.#pending?.abort()
    const pending = this.#pending = new AbortController()
    const isCurrent = () => this.#pending === pending && !this.#isStopped
    let hasLed = false
    const onLock = () => {
      if (!isCurrent()) return
      hasLed = true
      this.#lead()
      return new Promise(resolve => (this.#release = resolve))
    }
    const options = steal ? { steal } : { signal: pending.signal }
    navigator.locks.request(this.#name, options, onLock).catch(() => {
      if (!isCurrent()) return
      // Locks are refused: each window on its own.
      if (!hasLed) return this.#lead()
      this.isLeader = false
      this.#on.resign()
      this.#request({})
      this.report()
    })
  }

  #lead() {
    this.#clearTimers()
    this.isLeader = true
    this.#term = Math.max(this.#term + 1, Date.now())
    this.#on.lead()
  }

  #clearTimers() {
    clearTimeout(this.#pingTimer)
    clearTimeout(this.#responseTimer)
    this.#responseTimer = 0
  }
}
