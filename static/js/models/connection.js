// The one connection of this window. It comes back by itself, with growing, jittered pauses. Where no WebSocket gets
// through although the server answers, it is an event stream.
//
// Events: "state" (connecting, online, offline), "retry" when the time of the next try is another one, "wake" when tries
// are to be made at once or of what stands in the way, "frame:<type>" with the frame as detail, "signedout", and "somebodyelse" when this browser is
// signed in as another person than the one whose page this is.
import { Backoff } from "./backoff.js"
import { ANSWER_WITHIN, ask, isReady } from "./server.js"
import { isHeld } from "./turn.js"

// The first answer of a server that is there takes less; a try that hangs counts as a pause.
const HANDSHAKE_WITHIN = 5_000
const HELLO_WITHIN = 10_000
const RESTART_AFTER = 1_000
const PING_EVERY = 20_000
const SESSION_WITHIN = 3_000
const OFFLINE_WITHIN = 2_000
const SHORTEST = 250
// Chromium delays the sockets of a host with many failed ones, by seconds in the end. After this many, HTTP finds out
// first whether the server is back.
const KNOCK_AFTER = 4
// Answers as a socket would that is refused: 401, or 429 with a sentence when too many are open.
const PLACES = "/api/connections"
const SIGNED_OUT = 4001
const REPLACED = 4009
const REFUSALS = 2
const OPEN = 1
const STEADY = 10_000

export class Connection extends EventTarget {
  state = "connecting"
  // When the next try is due (as Date.now()); null while one is under way.
  nextTry = null
  // What keeps this window out although the server is there: `{kind, message}`. "crowded": too many are open; "replaced":
  // another one took this one's place.
  obstacle = null
  // Whether this window is signing out.
  isLeaving = false
  // The last frame about who is here, for those who are loaded after it came; null without a connection.
  presence = null
  #socket = null
  #stream = null
  #probe = null
  #person = null
  #view = null
  #refusals = 0
  #backoff = new Backoff()
  #triedAt = 0
  #greetedAt = 0
  #retry = 0
  #deadline = 0
  #heartbeat = 0
  #stopped = true

  // `probe` is an address that answers who is signed in, and 401 once nobody is; `person` the id of whose page this is;
  // `view` the room that this window shows.
  open(probe, person, view = null) {
    this.#probe = probe
    this.#person = person
    this.#view = view
    this.#stopped = false
    this.#try()
  }

  close() {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#drop()
  }

  // Tries again at once: the network came or went, the person returned to the window, or asks for it.
  wake() {
    if (this.#stopped) return
    this.dispatchEvent(new Event("wake"))
    if (this.obstacle?.kind === "replaced") return
    if (this.state === "online" && this.#stream) return this.#stream.check()
    if (this.state === "online") return this.#ping(navigator.onLine ? ANSWER_WITHIN / 2 : OFFLINE_WITHIN)
    if (!this.canTry) return
    if (this.#stream) return this.#try()
    const isUnderWay = this.nextTry === null && this.state === "offline" || this.#socket
    // One that hangs may have begun on a network that is gone.
    const hangs = this.#socket?.readyState !== OPEN && Date.now() - this.#triedAt > RESTART_AFTER
    if (isUnderWay && !hangs) return
    this.#drop()
    this.#try()
  }

  // Goes on in this window; when there is no place, in that of the oldest hidden one, which shows that.
  async claim() {
    clearTimeout(this.#retry)
    try {
      let answer = await ask(PLACES)
      if (answer.status === 429) answer = await ask(`${PLACES}/oldest`, { method: "DELETE" })
      if (answer.status === 429) return this.#obstruct("crowded", (await answer.json()).message)
    } catch {
      // The next try tells why.
    }
    if (this.#stopped || this.state === "online") return
    this.#clearWay()
    this.#drop()
    this.#try()
  }

  // Whether a try at once is of use: after flooding the server wants its time.
  get canTry() {
    return Date.now() >= this.#backoff.notBefore
  }

  // Answers whether the frame went out.
  send(frame) {
    if (this.state === "online" && this.#stream) {
      this.#stream.send(frame)
      return true
    }
    if (this.state !== "online" || this.#socket?.readyState !== OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  async #try() {
    clearTimeout(this.#retry)
    const triedAt = this.#triedAt = Date.now()
    this.#plan(null)
    const isOpen = this.obstacle ? await this.#hasPlace() : this.#backoff.attempts < KNOCK_AFTER || await isReady(HANDSHAKE_WITHIN)
    if (!isOpen) {
      if (this.#triedAt === triedAt && !this.#stopped && !this.#socket) this.#tryLater()
      return
    }
    if (this.#triedAt === triedAt && !this.#stopped) this.#dial()
  }

  async #hasPlace() {
    try {
      const answer = await ask(PLACES)
      if (answer.status === 401) this.#signedOut()
      if (answer.ok) this.#clearWay()
      return answer.ok
    } catch {
      return false
    }
  }

  // A stream that other windows share takes no place of its own.
  async #crowded(message) {
    if (this.#stream || !(await isHeld(`teahouse.stream.${this.#person}`))) return this.#obstruct("crowded", message)
    this.#refusals = REFUSALS
  }

  #obstruct(kind, message = null) {
    if (this.#stopped || this.state === "online") return
    this.obstacle = { kind, message }
    if (this.nextTry === null) this.#tryLater()
    this.dispatchEvent(new Event("retry"))
  }

  #clearWay() {
    this.obstacle = null
    this.#backoff.reset()
    this.dispatchEvent(new Event("retry"))
  }

  #dial() {
    if (this.#stream) return this.#stream.retry()
    if (this.#refusals >= REFUSALS || !("WebSocket" in globalThis)) return this.#listen()
    const address = new URL("/ws", location.href)
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:"
    const socket = new WebSocket(address)
    this.#socket = socket
    this.#expect(HANDSHAKE_WITHIN)
    socket.onopen = () => this.#socket === socket && this.#expect(HELLO_WITHIN)
    socket.onmessage = event => this.#socket === socket && this.#receive(event.data)
    socket.onclose = event => this.#socket === socket && this.#closed(event.code)
  }

  // Few need the event stream: it is loaded when it is needed, from the server that answers. Its window keeps to it; the
  // next page tries a socket again.
  async #listen() {
    const loaded = await import("./stream.js").catch(() => null)
    if (this.#stopped || this.#socket || this.#stream) return
    if (!loaded) return this.#closed(1006)
    const { Stream } = loaded
    this.#stream = new Stream({
      person: this.#person,
      view: this.#view,
      heard: frame => this.#stream && this.#hear(frame),
      lost: () => this.#stream && this.#streamLost(),
    })
  }

  // It does not say why: the session may be over, or another one's place.
  #streamLost() {
    const greeted = this.state === "online"
    if (greeted && Date.now() - this.#greetedAt > STEADY) this.#backoff.reset()
    this.#become("offline")
    this.#tryLater(1006, greeted ? 0 : Date.now() - this.#triedAt)
    this.#checkSession()
  }

  #receive(data) {
    this.#expect(null)
    let frame
    try {
      frame = JSON.parse(data)
    } catch {
      return
    }
    this.#hear(frame)
  }

  #hear(frame) {
    if (frame.type === "closed") return this.#closed(frame.code)
    if (frame.type === "hello" && frame.user.id !== this.#person) return this.#leave("somebodyelse")
    if (frame.type === "hello") this.#greeted()
    if (frame.type === "presence") this.presence = frame
    this.dispatchEvent(new CustomEvent(`frame:${frame.type}`, { detail: frame }))
  }

  #greeted() {
    this.#greetedAt = Date.now()
    this.#refusals = 0
    clearInterval(this.#heartbeat)
    if (this.#socket) this.#heartbeat = setInterval(() => this.#ping(ANSWER_WITHIN), PING_EVERY)
    clearTimeout(this.#retry)
    this.obstacle = null
    this.#plan(null)
    this.#become("online")
  }

  #ping(patience) {
    if (this.#socket && this.send({ type: "ping" })) this.#expect(patience)
  }

  // Something must arrive in time, or the connection is as good as lost.
  #expect(milliseconds) {
    clearTimeout(this.#deadline)
    if (milliseconds) this.#deadline = setTimeout(() => this.#closed(1006), milliseconds)
  }

  #closed(code) {
    const greeted = this.state === "online"
    // A connection that is lost again at once is tried more and more slowly.
    if (greeted && Date.now() - this.#greetedAt > STEADY) this.#backoff.reset()
    this.#drop()
    if (this.#stopped) return
    this.#become("offline")
    if (code === SIGNED_OUT) return this.#askAgain()
    // The time that a failed try took is part of the pause after it.
    this.#tryLater(code, greeted ? 0 : Date.now() - this.#triedAt)
    if (code === REPLACED) this.#obstruct("replaced")
    else if (!greeted) this.#checkSession()
  }

  #tryLater(code, spent = Date.now() - this.#triedAt) {
    clearTimeout(this.#retry)
    const pause = Math.max(SHORTEST * Math.random(), this.#backoff.next(code) - spent)
    this.#retry = setTimeout(() => this.#try(), pause)
    this.#plan(Date.now() + pause)
  }

  #plan(time) {
    this.nextTry = time
    this.dispatchEvent(new Event("retry"))
  }

  // The session of this connection is over, but another tab may have signed in anew since. Who cannot be asked is out:
  // what is on the screen is not left there for whoever comes.
  async #askAgain() {
    try {
      const answer = await ask(this.#probe, { signal: AbortSignal.timeout(SESSION_WITHIN) })
      if (this.#stopped) return
      if (!answer.ok) return this.#signedOut()
      const { id } = await answer.json()
      if (id !== this.#person) this.#leave("somebodyelse")
      else if (!this.#socket && !this.#stream) this.#tryLater(SIGNED_OUT)
    } catch {
      if (!this.#stopped) this.#signedOut()
    }
  }

  // A refused handshake does not say why, so ask over HTTP.
  async #checkSession() {
    try {
      const answer = await ask(PLACES)
      if (answer.status === 401 || answer.type === "opaqueredirect") this.#signedOut()
      else if (answer.status === 429) await this.#crowded((await answer.json()).message)
      else if (answer.ok && this.state !== "online") this.#refusals += 1
    } catch {
      // No network: the next attempt will tell.
    }
  }

  #signedOut() {
    this.#leave("signedout")
  }

  #leave(why) {
    this.close()
    this.dispatchEvent(new Event(why))
  }

  #drop() {
    clearTimeout(this.#deadline)
    clearInterval(this.#heartbeat)
    const [socket, stream] = [this.#socket, this.#stream]
    this.#socket = this.#stream = null
    socket?.close()
    stream?.close()
  }

  #become(state) {
    if (this.state === state) return
    this.state = state
    if (state !== "online") this.presence = null
    this.dispatchEvent(new Event("state"))
  }
}

export const connection = new Connection()
