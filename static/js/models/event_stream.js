// Replaces the WebSocket by an event stream (receiving) and requests (sending). All windows of a browser share one
// stream, because a browser opens only six HTTP/1.1 connections to a host: the leader (models/leader_election.js)
// receives it and forwards its frames. A new leader resumes after the last event it knows. Without locks or channels
// each window has its own stream.
import { HttpFrames } from "./http_frames.js"
import { LeaderElection } from "./leader_election.js"
import { ShownRoom } from "./shown_room.js"

const SINGLE_TAB = "alone"
const RESPONSE_TIMEOUT = 10_000
const SILENCE_LIMIT = 20_000

export class EventStream {
  #on
  #requests
  #election = null
  #source = null
  #next = null
  #deadline = 0
  #lastFrameAt = 0
  #mayHaveMissed = false
  #isOpen = false
  #last = 0
  #hello = null
  #joining = null
  #view
  #shownRoom = new ShownRoom(() => this.#isOpen && this.#open())

  // Calls `onFrame(frame)` for every frame and `onLost()` when the stream fails; `retry()` reopens it.
  constructor({ userId, view, onFrame, onLost }) {
    this.#on = { onFrame, onLost }
    this.#view = { room: view, away: document.hidden }
    this.#requests = new HttpFrames({ onFrame, onSignedOut: onLost })
    if (!LeaderElection.isSupported) return this.#lead()
    this.#election = new LeaderElection(userId, {
      lead: () => this.#lead(),
      resign: () => this.#resign(),
      onFollowerMessage: (tab, message) => this.#followerMessage(tab, message),
      onLeaderMessage: message => this.#leaderMessage(message),
      describe: () => this.#view,
    })
  }

  close() {
    this.#closeSources()
    this.#election?.stop()
    this.#on = { onFrame: () => {}, onLost: () => {} }
  }

  retry() {
    if (!this.#isLeading) return this.#election.report({ wake: true })
    if (!this.#source) this.#open()
  }

  // After a network change a silent stream may be dead: opens another one.
  check() {
    if (this.#isLeading && this.#isOpen && Date.now() - this.#lastFrameAt > SILENCE_LIMIT) this.#open(true)
  }

  send(frame) {
    if (frame.type !== "view") return this.#requests.send(frame)
    this.#view = { room: frame.roomId, away: frame.away }
    if (this.#isLeading) this.#shownRoom.update(this.#tab, this.#view)
    else this.#election.report()
  }

  get #isLeading() {
    return !this.#election || this.#election.isLeader
  }

  get #tab() {
    return this.#election?.tab ?? SINGLE_TAB
  }

  #lead() {
    this.#joining = null
    this.#shownRoom.update(this.#tab, this.#view)
    this.#open()
  }

  // Opens the stream, or a second one for another room; the first is closed when the second has started, so nothing
  // is missed. If the second `mustSucceed` and fails, the first is given up too.
  #open(mustSucceed = !this.#source) {
    const query = this.#shownRoom.takeQuery()
    if (this.#last) query.set("after", this.#last)
    const source = new EventSource(`/api/events?${query}`)
    this.#next?.close()
    if (this.#source) this.#next = source
    else this.#source = source
    clearTimeout(this.#deadline)
    this.#mayHaveMissed = mustSucceed
    if (mustSucceed) this.#deadline = setTimeout(() => this.#fail(), RESPONSE_TIMEOUT)
    source.onmessage = ({ data, lastEventId }) => this.#receive(source, JSON.parse(data), Number(lastEventId))
    source.onerror = () => {
      source.close()
      if (this.#source === source || mustSucceed && this.#next === source) this.#fail()
    }
  }

  // Missed events come before the hello.
  #receive(source, frame, id) {
    if (source !== this.#source && source !== this.#next) return
    this.#lastFrameAt = Date.now()
    if (source === this.#next && frame.type === "hello") {
      clearTimeout(this.#deadline)
      this.#source.close()
      this.#source = source
      this.#next = null
      // Nothing was missed, so this hello has no news.
      if (!this.#mayHaveMissed) return
    }
    if (frame.type === "hello") this.#rememberHello(frame)
    this.#deliver(frame, id)
  }

  #rememberHello({ user, epoch, version, limits }) {
    clearTimeout(this.#deadline)
    this.#isOpen = true
    this.#hello = { user, epoch, version, limits }
  }

  // Each message is delivered once, whichever stream or window it comes from.
  #deliver(frame, id) {
    if (frame.type === "message" && id <= this.#last) return
    this.#last = Math.max(this.#last, id || 0)
    this.#election?.broadcast({ frame, id })
    this.#on.onFrame(frame)
  }

  #fail() {
    this.#closeSources()
    this.#election?.broadcast({ isLost: true })
    this.#on.onLost()
  }

  #closeSources() {
    clearTimeout(this.#deadline)
    this.#source?.close()
    this.#next?.close()
    this.#source = this.#next = null
    this.#isOpen = false
    this.#shownRoom.stop()
  }

  // Another window took over; its messages bring this one up to date.
  #resign() {
    this.#closeSources()
    this.#hello = null
  }

  #followerMessage(tab, { bye, wake, room, away }) {
    if (bye) return this.#shownRoom.remove(tab)
    this.#shownRoom.update(tab, { room, away })
    if (wake && !this.#source) this.#open()
    this.#election.broadcast({ isOpen: this.#isOpen, greeting: this.#hello, last: this.#last })
  }

  #leaderMessage({ frame, id, isLost, isOpen, greeting: hello, last }) {
    if (isLost) {
      this.#hello = this.#joining = null
      return this.#on.onLost()
    }
    // A suspended window may have missed events.
    if (isOpen && !this.#joining && (!this.#hello || last > this.#last)) return this.#join(hello, last)
    if (!frame) return
    if (frame.type === "hello") {
      this.#joining = null
      this.#hello = frame
    } else if (this.#joining) return this.#joining.push([frame, id])
    if (this.#hello) this.#deliver(frame, id)
  }

  // Joins a running stream: builds the hello from the current rooms, then delivers the buffered frames.
  async #join(hello, last) {
    const buffered = this.#joining = []
    try {
      const response = await fetch("/api/rooms", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(RESPONSE_TIMEOUT) })
      if (!response.ok) throw new Error(`rooms: ${response.status}`)
      const rooms = await response.json()
      if (this.#joining !== buffered) return
      this.#joining = null
      this.#hello = hello
      this.#last = Math.max(this.#last, last)
      this.#on.onFrame({ type: "hello", ...hello, rooms })
      for (const [frame, id] of buffered) this.#deliver(frame, id)
    } catch {
      if (this.#joining !== buffered) return
      this.#joining = null
      this.#on.onLost()
    }
  }
}
