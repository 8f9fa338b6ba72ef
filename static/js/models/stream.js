// What a socket does, without WebSocket: frames come as an event stream and go as requests.
export class Stream {
  #source
  #heard
  #lost

  // `heard(frame)` gets every frame; `lost(isOver)` hears of a break: when it is not over, it comes back by itself.
  constructor(view, { heard, lost }) {
    this.#heard = heard
    this.#lost = lost
    this.#source = new EventSource(view ? `/api/events?view=${encodeURIComponent(view)}` : "/api/events")
    this.#source.onmessage = ({ data }) => heard(JSON.parse(data))
    this.#source.onerror = () => lost(this.#source.readyState === EventSource.CLOSED)
  }

  close() {
    this.#source.close()
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
    if (answer.status === 401) this.#lost(true)
    return { ok: answer.ok, body: answer.status === 204 ? null : await answer.json() }
  }
}

function sentence({ code, message, errors }) {
  return errors ? { code: "invalid", message: Object.values(errors)[0] } : { code, message }
}
