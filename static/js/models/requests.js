// The frames of a socket as requests, for windows without WebSocket.
export class Requests {
  #heard
  #signedOut

  // `heard(frame)` gets what a socket would answer; `signedOut()` hears of a session that is over.
  constructor({ heard, signedOut }) {
    this.#heard = heard
    this.#signedOut = signedOut
  }

  send(frame) {
    const ways = { post: this.#post, edit: this.#edit, delete: this.#delete, read: this.#read, sync: this.#sync }
    ways[frame.type]?.call(this, frame).catch(() => {})
  }

  async #post({ clientId, roomId, content }) {
    const { ok, body } = await this.#ask("POST", `/rooms/${roomId}/messages`, { clientId, content })
    if (!ok) return this.#heard({ type: "error", clientId, ...sentence(body) })
    const { id, seq, ver, createdAt } = body
    this.#heard({ type: "ack", clientId, roomId, id, seq, ver, createdAt })
  }

  async #edit({ roomId, seq, content }) {
    const { ok, body } = await this.#ask("PATCH", `/rooms/${roomId}/messages/${seq}`, { content })
    if (!ok) this.#heard({ type: "error", roomId, seq, ...sentence(body) })
  }

  async #delete({ roomId, seq }) {
    const { ok, body } = await this.#ask("DELETE", `/rooms/${roomId}/messages/${seq}`)
    if (!ok) this.#heard({ type: "error", roomId, seq, ...sentence(body) })
  }

  async #read({ roomId, seq, unread }) {
    await this.#ask("PUT", `/rooms/${roomId}/read_mark`, { seq, unread: Boolean(unread) })
  }

  async #sync({ roomId, ver }) {
    const { ok, body } = await this.#ask("GET", `/api/rooms/${roomId}/messages?ver=${ver}`)
    if (!ok) return this.#heard({ type: "error", roomId, code: "unavailable" })
    body.messages.forEach(message => this.#heard({ type: "message", ...message }))
    this.#heard({ type: "synced", roomId, ver: body.ver, more: body.more })
  }

  async #ask(method, address, body) {
    const answer = await fetch(address, {
      method,
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
    if (answer.status === 401) this.#signedOut()
    return { ok: answer.ok, body: answer.status === 204 ? null : await answer.json() }
  }
}

function sentence({ code, message, errors }) {
  return errors ? { code: "invalid", message: Object.values(errors)[0] } : { code, message }
}
