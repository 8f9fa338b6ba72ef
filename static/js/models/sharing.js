// Which window of a browser speaks for all of a person's: the one that holds a Web Lock. The others hear from it by a
// BroadcastChannel, and the next in line takes over when it closes, or when it no longer answers (frozen, hung).
//
// Terms grow with every leader, so that nothing counts that an earlier one says late.
import { uuid } from "./uuid.js"

const ANSWER_WITHIN = 4_000
const PING_VISIBLE = 5_000
const PING_HIDDEN = 30_000

export class Sharing {
  #name
  #on
  #tab = uuid()
  #term = 0
  #channel
  #waiting = null
  #release = null
  #isStopped = false
  #ping = 0
  #patience = 0
  isLeader = false

  static get isPossible() {
    return Boolean(globalThis.navigator?.locks) && "BroadcastChannel" in globalThis
  }

  // `lead()` begins to speak for all, `resign()` ends that; `asked(tab, question)` is a follower's word to the leader,
  // `told(news)` the leader's to its followers; `about()` is what a question says of this window.
  constructor(person, { lead, resign, asked, told, about }) {
    this.#name = `teahouse.stream.${person}`
    this.#on = { lead, resign, asked, told, about }
    this.#channel = new BroadcastChannel(this.#name)
    this.#channel.onmessage = ({ data }) => this.#receive(data)
    this.looked = () => document.hidden || this.ask()
    document.addEventListener("visibilitychange", this.looked)
    this.#request({})
    this.ask()
  }

  get tab() {
    return this.#tab
  }

  // A question to the leader, which shows that it is alive. One that does not answer loses its place.
  ask(more = {}) {
    if (this.isLeader || this.#isStopped) return
    this.#channel.postMessage({ tab: this.#tab, ...this.#on.about(), ...more })
    this.#patience ||= setTimeout(() => this.#request({ steal: true }), ANSWER_WITHIN)
    clearTimeout(this.#ping)
    this.#ping = setTimeout(() => this.ask(), document.hidden ? PING_HIDDEN : PING_VISIBLE)
  }

  tell(news) {
    if (this.isLeader) this.#channel.postMessage({ term: this.#term, ...news })
  }

  stop() {
    if (this.#isStopped) return
    if (!this.isLeader) this.#channel.postMessage({ tab: this.#tab, bye: true })
    this.#isStopped = true
    this.isLeader = false
    this.#rest()
    document.removeEventListener("visibilitychange", this.looked)
    this.#waiting?.abort()
    this.#release?.()
    this.#channel.close()
  }

  #receive(data) {
    if (this.#isStopped) return
    if (data.tab) return this.isLeader && this.#on.asked(data.tab, data)
    if (this.isLeader || data.term < this.#term) return
    const isNew = data.term > this.#term
    this.#term = data.term
    clearTimeout(this.#patience)
    this.#patience = 0
    this.#on.told(data)
    // A new leader does not know this window yet.
    if (isNew) this.ask()
  }

  #request({ steal = false }) {
    this.#waiting?.abort()
    const waiting = this.#waiting = new AbortController()
    const isMine = () => this.#waiting === waiting && !this.#isStopped
    let hasLed = false
    const hold = () => {
      if (!isMine()) return
      hasLed = true
      this.#lead()
      return new Promise(resolve => (this.#release = resolve))
    }
    const options = steal ? { steal } : { signal: waiting.signal }
    navigator.locks.request(this.#name, options, hold).catch(() => {
      if (!isMine()) return
      // A browser that refuses locks: each window for itself.
      if (!hasLed) return this.#lead()
      this.isLeader = false
      this.#on.resign()
      this.#request({})
      this.ask()
    })
  }

  #lead() {
    this.#rest()
    this.isLeader = true
    this.#term = Math.max(this.#term + 1, Date.now())
    this.#on.lead()
  }

  #rest() {
    clearTimeout(this.#ping)
    clearTimeout(this.#patience)
    this.#patience = 0
  }
}
