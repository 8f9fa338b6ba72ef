// Sends frames as requests, for windows without WebSocket.
export class HttpFrames {
  #onFrame
  #onSignedOut

  // Calls `onFrame(frame)` with the frames that a socket would receive, and `onSignedOut()` when the session has
  // ended.
  constructor({ onFrame, onSignedOut }) {
    this.#onFrame = onFrame
    this.#onSignedOut = onSignedOut
  }

  send(frame) {
    const handlers = { post: this.#post, edit: this.#edit, delete: this.#delete, read: this.#read, sync: this.#sync }
    handlers[frame.type]?.call(this, frame).catch(() => {})
  }

  async #post({ clientId, roomId, content }) {
    const { ok, body } = await this.#request("POST", `/rooms/${roomId}/messages`, { clientId, content })
    if (!ok) return this.#onFrame({ type: "error", clientId, ...errorOf(body) })
    const { id, seq, ver, createdAt } = body
    this.#onFrame({ type: "ack", clientId, roomId, id, seq, ver, createdAt })
  }

  async #edit({ roomId, seq, content }) {
    const { ok, body } = await this.#request("PATCH", `/rooms/${roomId}/messages/${seq}`, { content })
    if (!ok) this.#onFrame({ type: "error", roomId, seq, ...errorOf(body) })
  }

  async #delete({ roomId, seq }) {
    const { ok, body } = await this.#request("DELETE", `/rooms/${roomId}/messages/${seq}`)
    if (!ok) this.#onFrame({ type: "error", roomId, seq, ...errorOf(body) })
  }

  async #read({ roomId, seq, unread }) {
    await this.#request("PUT", `/rooms/${roomId}/read_mark`, { seq, unread: Boolean(unread) })
  }

  async #sync({ roomId, ver }) {
    const { ok, body } = await this.#request("GET", `/api/rooms/${roomId}/messages?ver=${ver}`)
    if (!ok) return this.#onFrame({ type: "error", roomId, code: "unavailable" })
    body.messages.forEach(message => this.#onFrame({ type: "message", ...message }))
    this.#onFrame({ type: "synced", roomId, ver: body.ver, more: body.more })
  }

  async #request(method, address, body) {
    const response = await fetch(address, {
      method,
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
    if (response.status === 401) this.#onSignedOut()
    return { ok: response.ok, body: response.status === 204 ? null : await response.json() }
  }
}

function errorOf({ code, message, errors }) {
  return errors ? { code: "invalid", message: Object.values(errors)[0] } : { code, message }
}
