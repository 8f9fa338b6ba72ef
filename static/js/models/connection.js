// The WebSocket of this window, which reconnects by itself; an event stream where WebSockets don't get through.
//
// Events: "state" (connecting, online, offline); "retry" when `nextTry` or `obstacle` changed; "wake" to try at once;
// "frame:<type>" with the frame as detail; "signedout"; "otheruser" when this browser is signed in as another user.
import { Backoff, REPLACED } from "./backoff.js"
import { RESPONSE_TIMEOUT, request, isReady } from "./http.js"
import { isLockHeld } from "./leader_lock.js"

// A hanging attempt counts as part of the pause.
const HANDSHAKE_TIMEOUT = 5_000
const HELLO_TIMEOUT = 10_000
const RESTART_AFTER = 1_000
const PING_INTERVAL = 20_000
const SESSION_TIMEOUT = 3_000
const OFFLINE_PING_TIMEOUT = 2_000
const MIN_PAUSE = 250
// Chromium delays sockets to a host at which many have failed, so after this many attempts /readyz is asked first.
const PROBE_AFTER = 4
// Returns what a handshake would: 401, or 429 when too many connections are open.
const CONNECTIONS_URL = "/api/connections"
const SIGNED_OUT = 4001
const MAX_REFUSALS = 2
const OPEN = 1
const STABLE_AFTER = 10_000

export class Connection extends EventTarget {
  state = "connecting"
  // When the next attempt is due (as Date.now()); null during an attempt.
  nextTry = null
  // Why a reachable server refuses this window, as `{kind, message}`: "crowded" (too many connections) or "replaced"
  // (another window took over); null if it doesn't.
  obstacle = null
  // Whether this window is signing out.
  isLeaving = false
  // The last presence frame, for modules that are loaded later; null while offline.
  presence = null
  #socket = null
  #stream = null
  #probe = null
  #userId = null
  #view = null
  #refusals = 0
  #backoff = new Backoff()
  #triedAt = 0
  #onlineSince = 0
  #retry = 0
  #deadline = 0
  #heartbeat = 0
  #stopped = true

  // `probe` is a URL that returns the signed-in user, or 401; `userId` is the page's user; `view` the room it shows.
  open(probe, userId, view = null) {
    this.#probe = probe
    this.#userId = userId
    this.#view = view
    this.#stopped = false
    this.#try()
  }

  close() {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#disconnect()
  }

  // Tries at once: the network changed, the user returned to the window, or asked for it.
  wake() {
    if (this.#stopped) return
    this.dispatchEvent(new Event("wake"))
    if (this.obstacle?.kind === "replaced") return
    if (this.state === "online" && this.#stream) return this.#stream.check()
    if (this.state === "online") return this.#ping(navigator.onLine ? RESPONSE_TIMEOUT / 2 : OFFLINE_PING_TIMEOUT)
    if (!this.canTry) return
    if (this.#stream) return this.#try()
    const isUnderWay = this.nextTry === null && this.state === "offline" || this.#socket
    // A hanging attempt may belong to a network that is gone.
    const hangs = this.#socket?.readyState !== OPEN && Date.now() - this.#triedAt > RESTART_AFTER
    if (isUnderWay && !hangs) return
    this.#disconnect()
    this.#try()
  }

  // Continues in this window; if there are too many, it replaces the oldest hidden one.
  async claim() {
    clearTimeout(this.#retry)
    try {
      let response = await request(CONNECTIONS_URL)
      if (response.status === 429) response = await request(`${CONNECTIONS_URL}/oldest`, { method: "DELETE" })
      if (response.status === 429) return this.#setObstacle("crowded", (await response.json()).message)
    } catch {
      // The next attempt reports why.
    }
    if (this.#stopped || this.state === "online") return
    this.#clearObstacle()
    this.#disconnect()
    this.#try()
  }

  // Whether an attempt makes sense now: the server rejects them for a while after flooding.
  get canTry() {
    return Date.now() >= this.#backoff.notBefore
  }

  // Returns whether the frame was sent.
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
    this.#setNextTry(null)
    const isOpen = this.obstacle ? await this.#hasSlot() : this.#backoff.attempts < PROBE_AFTER || await isReady(HANDSHAKE_TIMEOUT)
    if (!isOpen) {
      if (this.#triedAt === triedAt && !this.#stopped && !this.#socket) this.#tryLater()
      return
    }
    if (this.#triedAt === triedAt && !this.#stopped) this.#openSocket()
  }

  async #hasSlot() {
    try {
      const response = await request(CONNECTIONS_URL)
      if (response.status === 401) this.#signedOut()
      if (response.ok) this.#clearObstacle()
      return response.ok
    } catch {
      return false
    }
  }

  // A shared event stream needs no connection of its own.
  async #tooMany(message) {
    if (this.#stream || !(await isLockHeld(`teahouse.stream.${this.#userId}`))) return this.#setObstacle("crowded", message)
    this.#refusals = MAX_REFUSALS
  }

  #setObstacle(kind, message = null) {
    if (this.#stopped || this.state === "online") return
    this.obstacle = { kind, message }
    if (this.nextTry === null) this.#tryLater()
    this.dispatchEvent(new Event("retry"))
  }

  #clearObstacle() {
    this.obstacle = null
    this.#backoff.reset()
    this.dispatchEvent(new Event("retry"))
  }

  #openSocket() {
    if (this.#stream) return this.#stream.retry()
    if (this.#refusals >= MAX_REFUSALS || !("WebSocket" in globalThis)) return this.#openStream()
    const address = new URL("/ws", location.href)
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:"
    const socket = new WebSocket(address)
    this.#socket = socket
    this.#setDeadline(HANDSHAKE_TIMEOUT)
    socket.onopen = () => this.#socket === socket && this.#setDeadline(HELLO_TIMEOUT)
    socket.onmessage = event => this.#socket === socket && this.#receive(event.data)
    socket.onclose = event => this.#socket === socket && this.#closed(event.code)
  }

  // Loaded only when needed. The window keeps using the stream; the next page tries a WebSocket again.
  async #openStream() {
    const loaded = await import("./event_stream.js").catch(() => null)
    if (this.#stopped || this.#socket || this.#stream) return
    if (!loaded) return this.#closed(1006)
    const { EventStream } = loaded
    this.#stream = new EventStream({
      userId: this.#userId,
      view: this.#view,
      onFrame: frame => this.#stream && this.#handleFrame(frame),
      onLost: () => this.#stream && this.#streamLost(),
    })
  }

  // The reason is unknown: the session may have ended, or the leader's may.
  #streamLost() {
    const wasOnline = this.state === "online"
    if (wasOnline && Date.now() - this.#onlineSince > STABLE_AFTER) this.#backoff.reset()
    this.#setState("offline")
    this.#tryLater(1006, wasOnline ? 0 : Date.now() - this.#triedAt)
    this.#checkSession()
  }

  #receive(data) {
    this.#setDeadline(null)
    let frame
    try {
      frame = JSON.parse(data)
    } catch {
      return
    }
    this.#handleFrame(frame)
  }

  #handleFrame(frame) {
    if (frame.type === "closed") return this.#closed(frame.code)
    if (frame.type === "hello" && frame.user.id !== this.#userId) return this.#closeWith("otheruser")
    if (frame.type === "hello") this.#helloReceived()
    if (frame.type === "presence") this.presence = frame
    this.dispatchEvent(new CustomEvent(`frame:${frame.type}`, { detail: frame }))
  }

  #helloReceived() {
    this.#onlineSince = Date.now()
    this.#refusals = 0
    clearInterval(this.#heartbeat)
    if (this.#socket) this.#heartbeat = setInterval(() => this.#ping(RESPONSE_TIMEOUT), PING_INTERVAL)
    clearTimeout(this.#retry)
    this.obstacle = null
    this.#setNextTry(null)
    this.#setState("online")
  }

  #ping(timeout) {
    if (this.#socket && this.send({ type: "ping" })) this.#setDeadline(timeout)
  }

  // Closes the connection unless something is received in time.
  #setDeadline(milliseconds) {
    clearTimeout(this.#deadline)
    if (milliseconds) this.#deadline = setTimeout(() => this.#closed(1006), milliseconds)
  }

  #closed(code) {
    const wasOnline = this.state === "online"
    // A connection that is lost again at once must not reset the backoff.
    if (wasOnline && Date.now() - this.#onlineSince > STABLE_AFTER) this.#backoff.reset()
    this.#disconnect()
    if (this.#stopped) return
    this.#setState("offline")
    if (code === SIGNED_OUT) return this.#verifySession()
    // The duration of a failed attempt is part of the pause.
    this.#tryLater(code, wasOnline ? 0 : Date.now() - this.#triedAt)
    if (code === REPLACED) this.#setObstacle("replaced")
    else if (!wasOnline) this.#checkSession()
  }

  #tryLater(code, elapsed = Date.now() - this.#triedAt) {
    clearTimeout(this.#retry)
    const pause = Math.max(MIN_PAUSE * Math.random(), this.#backoff.next(code) - elapsed)
    this.#retry = setTimeout(() => this.#try(), pause)
    this.#setNextTry(Date.now() + pause)
  }

  #setNextTry(time) {
    this.nextTry = time
    this.dispatchEvent(new Event("retry"))
  }

  // The session ended, but another tab may have signed in since. If that can't be checked, the page is left, so that
  // nothing private stays on the screen.
  async #verifySession() {
    try {
      const response = await request(this.#probe, { signal: AbortSignal.timeout(SESSION_TIMEOUT) })
      if (this.#stopped) return
      if (!response.ok) return this.#signedOut()
      const { id } = await response.json()
      if (id !== this.#userId) this.#closeWith("otheruser")
      else if (!this.#socket && !this.#stream) this.#tryLater(SIGNED_OUT)
    } catch {
      if (!this.#stopped) this.#signedOut()
    }
  }

  // A failed handshake doesn't tell the reason, so this asks over HTTP.
  async #checkSession() {
    try {
      const response = await request(CONNECTIONS_URL)
      if (response.status === 401 || response.type === "opaqueredirect") this.#signedOut()
      else if (response.status === 429) await this.#tooMany((await response.json()).message)
      else if (response.ok && this.state !== "online") this.#refusals += 1
    } catch {
      // No network: the next attempt tells.
    }
  }

  #signedOut() {
    this.#closeWith("signedout")
  }

  #closeWith(type) {
    this.close()
    this.dispatchEvent(new Event(type))
  }

  #disconnect() {
    clearTimeout(this.#deadline)
    clearInterval(this.#heartbeat)
    const [socket, stream] = [this.#socket, this.#stream]
    this.#socket = this.#stream = null
    socket?.close()
    stream?.close()
  }

  #setState(state) {
    if (this.state === state) return
    this.state = state
    if (state !== "online") this.presence = null
    this.dispatchEvent(new Event("state"))
  }
}

export const connection = new Connection()
