// The one socket of this window. It comes back by itself, with growing, jittered pauses.
//
// Events: "state" (connecting, online, offline), "frame:<type>" with the frame as detail, "signedout".
const HELLO_WITHIN = 10_000
const PING_EVERY = 20_000
const ANSWER_WITHIN = 10_000
const PAUSE_FIRST = 500
const PAUSE_MAX = 30_000
const SIGNED_OUT = 4001
const FLOODING = 4029
const GOING_AWAY = 1001

export class Connection extends EventTarget {
  state = "connecting"
  #socket = null
  #probe = null
  #attempt = 0
  #retry = 0
  #deadline = 0
  #heartbeat = 0
  #stopped = true

  // `probe` is an address that answers 401 once the person is signed out.
  open(probe) {
    this.#probe = probe
    this.#stopped = false
    this.#dial()
  }

  close() {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#drop()
  }

  // Tries again at once: the network is back, or the person returned to the window.
  wake() {
    if (this.#stopped) return
    if (this.state === "online") return this.#ping(ANSWER_WITHIN / 2)
    if (!this.#socket) this.#dial()
  }

  send(frame) {
    if (this.state !== "online" || this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  #dial() {
    clearTimeout(this.#retry)
    const address = new URL("/ws", location.href)
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:"
    const socket = new WebSocket(address)
    this.#socket = socket
    this.#expect(HELLO_WITHIN)
    socket.onmessage = event => this.#socket === socket && this.#receive(event.data)
    socket.onclose = event => this.#socket === socket && this.#closed(event.code)
  }

  #receive(data) {
    this.#expect(null)
    let frame
    try {
      frame = JSON.parse(data)
    } catch {
      return
    }
    if (frame.type === "hello") this.#greeted()
    this.dispatchEvent(new CustomEvent(`frame:${frame.type}`, { detail: frame }))
  }

  #greeted() {
    this.#attempt = 0
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(() => this.#ping(ANSWER_WITHIN), PING_EVERY)
    this.#become("online")
  }

  #ping(patience) {
    if (this.send({ type: "ping" })) this.#expect(patience)
  }

  // Something must arrive in time, or the connection is as good as lost.
  #expect(milliseconds) {
    clearTimeout(this.#deadline)
    if (milliseconds) this.#deadline = setTimeout(() => this.#closed(1006), milliseconds)
  }

  #closed(code) {
    const greeted = this.state === "online"
    this.#drop()
    if (this.#stopped) return
    if (code === SIGNED_OUT) return this.#signedOut()
    this.#become("offline")
    this.#retry = setTimeout(() => this.#dial(), this.#pause(code))
    if (!greeted) this.#checkSession()
  }

  #pause(code) {
    const longest = Math.min(PAUSE_MAX, PAUSE_FIRST * 2 ** this.#attempt)
    this.#attempt += 1
    // A server that stops sends everybody away at once: come back spread over five seconds.
    if (code === GOING_AWAY) return Math.random() * 5_000
    if (code === FLOODING) return 10_000 + Math.random() * 5_000
    return longest / 2 + Math.random() * longest / 2
  }

  // A refused handshake does not say why, so ask over HTTP.
  async #checkSession() {
    try {
      const answer = await fetch(this.#probe, { headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store" })
      if (answer.status === 401 || answer.type === "opaqueredirect") this.#signedOut()
    } catch {
      // No network: the next attempt will tell.
    }
  }

  #signedOut() {
    this.close()
    this.dispatchEvent(new Event("signedout"))
  }

  #drop() {
    clearTimeout(this.#deadline)
    clearInterval(this.#heartbeat)
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #become(state) {
    if (this.state === state) return
    this.state = state
    this.dispatchEvent(new Event("state"))
  }
}

export const connection = new Connection()
