import { Controller } from "./registry.js"
import { Attention } from "../models/attention.js"
import { connection } from "../models/connection.js"
import { History, SignedOut } from "../models/history.js"
import { forgetEverything, recall, remember } from "../models/memory.js"
import { Outbox } from "../models/outbox.js"
import { Position } from "../models/position.js"
import { plural, t } from "../models/strings.js"
import { untilMidnight } from "../models/times.js"
import { Notice } from "../views/notice.js"
import { Older } from "../views/older.js"
import { Pill } from "../views/pill.js"
import { Scroller } from "../views/scroller.js"
import { Transcript } from "../views/transcript.js"

const AGAIN = 1_500
const MISSED_MANY = 500
const TRIM_AT = 400
const TRIM_TO = 200

// A room and its live connection: what arrives, what is sent, and where the reader is in it.
export default class Room extends Controller {
  connect() {
    const { roomId, ver, epoch, version, member, postsPerSecond, burst } = this.element.dataset
    Object.assign(this, { id: roomId, epoch, version, isMember: member === "true", me: this.person() })
    this.position = new Position(Number(ver))
    this.history = new History(roomId)
    this.attention = new Attention()
    this.scroller = new Scroller(this.find("#log"))
    this.transcript = new Transcript(this.find("#messages"), this.me)
    this.empty = this.find("#empty")
    this.notice = new Notice(this.find("#connection"))
    this.pill = new Pill(this.find("#pill"), () => this.toEnd())
    this.older = new Older(this.transcript.container, this.scroller.element, () => this.fetchOlder())
    this.outbox = new Outbox({
      roomId,
      userId: this.me.id,
      limits: { burst: Number(burst), postsPerSecond: Number(postsPerSecond) },
      send: frame => connection.send(frame),
      changed: entry => this.transcript.progress(entry),
    })
    this.outbox.restore(clientId => this.transcript.has(clientId))
    this.listen()
    this.settleView()
    if (!location.hash.startsWith("#message-")) this.scroller.toEnd()
    this.element.dataset.connection = connection.state
    connection.open(`/rooms/${roomId}/messages?limit=1`)
    this.watchMidnight()
  }

  disconnect() {
    clearTimeout(this.midnight)
    connection.close()
    this.outbox.stop()
    this.older.stop()
    this.notice.clear()
  }

  listen() {
    const frames = {
      hello: this.hello, message: this.message, synced: this.synced, resync: this.reload,
      ack: this.ack, error: this.error, removed: this.removed,
    }
    for (const [type, handler] of Object.entries(frames)) this.on(connection, `frame:${type}`, ({ detail }) => handler.call(this, detail))
    this.on(connection, "state", this.state)
    this.on(connection, "signedout", this.signedOut)
    this.on(this.element, "composer:send", this.send)
    this.on(this.element, "people:moved", this.moved)
    this.on(this.transcript.container, "click", this.act)
    this.on(this.scroller.element, "scroll", this.scrolled, { passive: true })
    this.on(document, "visibilitychange", this.visibility)
    this.on(window, "online", () => connection.wake())
    this.on(window, "offline", () => connection.wake())
    this.on(window, "pagehide", () => connection.close())
  }

  person() {
    const { username, avatarUrl } = this.element.dataset
    return { id: document.body.dataset.userId, username, avatarURL: avatarUrl || null }
  }

  // The connection

  state() {
    this.element.dataset.connection = connection.state
    if (connection.state === "online") return this.notice.connected()
    this.outbox.disconnected()
    if (connection.state === "offline") this.notice.offline()
  }

  hello({ user, epoch, version, rooms, limits }) {
    if (epoch !== this.epoch || user.id !== this.me.id) return this.reload()
    if (version !== this.version) this.notice.updated()
    const room = rooms.find(({ id }) => id === this.id)
    if (!room) return
    this.tellView()
    if (room.seq - this.transcript.lastSeq > MISSED_MANY) this.startOver(room)
    else if (this.position.greet(room.ver)) this.sync()
    this.outbox.connected(limits)
  }

  sync() {
    connection.send({ type: "sync", roomId: this.id, ver: this.position.ver })
  }

  tellView() {
    if (this.isMember) connection.send({ type: "view", roomId: this.id, away: document.hidden })
  }

  // Away for long: the newest messages now, what lies between when the reader scrolls up.
  async startOver(room) {
    this.position = new Position(room.ver)
    try {
      const messages = await this.history.before(room.seq + 1)
      this.scroller.quietly(() => {
        this.transcript.clear()
        this.transcript.prepend(messages)
      })
      this.settleView()
    } catch {
      this.reload()
    }
  }

  synced({ roomId, ver, more }) {
    if (roomId === this.id && this.position.close(ver, more)) this.sync()
  }

  removed({ roomId }) {
    if (roomId === this.id) location.assign("/")
  }

  signedOut() {
    forgetEverything()
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  }

  // What this page knows is no longer true. Never in a circle.
  reload() {
    if (Date.now() - (recall("reloaded") ?? 0) < 10_000) return
    remember("reloaded", Date.now())
    location.reload()
  }

  // Messages

  message(message) {
    if (message.roomId !== this.id) return
    if (this.position.take(message.ver)) this.sync()
    const isLive = !this.position.catchingUp
    const isMine = message.user.id === this.me.id
    const isOld = this.transcript.firstSeq !== null && message.seq < this.transcript.firstSeq
    if (isMine) this.outbox.settle(message.clientId)
    if (isOld) return
    const follow = this.scroller.isNearEnd
    let result = null
    const change = () => (result = this.transcript.apply(message, isLive))
    if (follow) change()
    else this.scroller.keepPlace(change)
    if (result === "added" && !isMine) this.arrived(message, follow)
    if (follow) this.scroller.toEnd()
    this.settleView(follow)
  }

  arrived({ seq, deletedAt }, follow) {
    if (deletedAt) return
    if (document.hidden && this.attention.missed()) this.transcript.markNew(seq)
    if (!follow) this.pill.count()
  }

  send({ detail }) {
    this.transcript.clearNew()
    this.outbox.add(detail)
    this.toEnd()
    this.settleView()
  }

  ack(frame) {
    if (frame.roomId !== this.id) return
    this.outbox.acknowledged(frame)
    // A retry of something long stored: its message is, or was, already here.
    if (frame.seq <= this.transcript.lastSeq && this.outbox.settle(frame.clientId)) this.transcript.discard(frame.clientId)
  }

  error({ clientId, roomId, code, message }) {
    if (clientId) this.outbox.refused({ clientId, code, message })
    else if (roomId === this.id && code === "unavailable" && this.position.catchingUp) setTimeout(() => this.sync(), AGAIN)
  }

  // "Try again" and "Discard" of a message that was not sent.
  act({ target }) {
    const action = target.closest("[data-action]")?.dataset.action
    if (!action) return
    const { clientId } = target.closest(".message").dataset
    if (action === "retry") {
      this.outbox.retry(clientId)
      if (connection.state !== "online") connection.wake()
    } else {
      this.outbox.discard(clientId)
      this.transcript.discard(clientId)
      this.settleView()
    }
    document.getElementById("composer-content")?.focus()
  }

  async fetchOlder() {
    const first = this.transcript.firstSeq
    if (first === null) return false
    try {
      const messages = await this.history.before(first)
      this.scroller.quietly(() => {
        this.transcript.prepend(messages)
        this.older.offer(this.hasOlder && messages.length > 0)
      })
      return true
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut()
      return false
    }
  }

  // The reader

  get hasOlder() {
    return (this.transcript.firstSeq ?? 1) > 1
  }

  moved({ detail }) {
    const follow = this.scroller.isNearEnd
    const change = () => this.transcript.line(detail.id, detail.username)
    if (follow) change()
    else this.scroller.keepPlace(change)
    if (follow) this.scroller.toEnd()
  }

  scrolled() {
    if (this.scroller.isNearEnd) this.pill.clear()
    else this.pill.offer(this.scroller.isFarFromEnd)
  }

  toEnd() {
    this.scroller.toEnd()
    this.pill.clear()
  }

  visibility() {
    this.tellView()
    if (document.hidden) return this.transcript.clearNew()
    this.attention.back()
    this.transcript.nameDays()
    connection.wake()
  }

  settleView(mayTrim = false) {
    this.empty.hidden = !this.transcript.isEmpty
    if (mayTrim && this.transcript.size > TRIM_AT) this.transcript.trim(TRIM_TO)
    this.older.offer(this.hasOlder)
  }

  watchMidnight() {
    this.midnight = setTimeout(() => {
      this.transcript.nameDays()
      this.watchMidnight()
    }, untilMidnight() + 1_000)
  }
}
