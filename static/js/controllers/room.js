import { Controller } from "./registry.js"
import { Changes } from "../models/changes.js"
import { connection } from "../models/connection.js"
import { History } from "../models/history.js"
import { lazy, afterStart } from "../models/lazy.js"
import { recall, remember } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { Position } from "../models/position.js"
import { rooms } from "../models/rooms.js"
import { t } from "../models/strings.js"
import { untilMidnight } from "../models/times.js"
import { Typing } from "../models/typing.js"
import { plainText } from "../views/content.js"
import { FirstUse } from "../views/first_use.js"
import { focusNode } from "../views/focus.js"
import { Pages } from "../views/pages.js"
import { Pill } from "../views/pill.js"
import { Reading } from "../views/reading.js"
import { Scroller } from "../views/scroller.js"
import { Seen } from "../views/seen.js"
import { toast } from "../views/toast.js"
import { Transcript } from "../views/transcript.js"
import { showTyping } from "../views/typing.js"
import { walkByKey } from "../views/walking.js"

const AGAIN = 1_500
const MISSED_MANY = 500
const TRIM_AT = 400
const TRIM_TO = 200
const AWAY_AFTER = 10 * 60_000
const loadActions = lazy(() => import("./message_actions.js"))
const loadCopying = lazy(() => import("../views/copying.js"))

// A room and its live connection: what arrives, what is sent, and where the reader is in it.
export default class Room extends Controller {
  connect() {
    const { roomId, ver, epoch, member, readSeq } = this.element.dataset
    Object.assign(this, { id: roomId, epoch, isMember: member === "true", me: this.person(), readSeq: Number(readSeq) })
    this.position = new Position(Number(ver))
    this.history = new History(roomId)
    this.scroller = new Scroller(this.find("#log"))
    this.transcript = new Transcript(this.find("#messages"), this.me)
    this.empty = this.find("#empty")
    this.pill = new Pill(this.find("#pill"), () => this.toLatest())
    this.reading = new Reading(this.scroller, this.transcript, seq => this.read(seq))
    this.seen = new Seen(this.transcript, this.me)
    this.pages = this.makePages()
    this.changes = this.makeChanges()
    this.typing = this.makeTyping()
    this.listen()
    this.settleView()
    this.begin()
    this.element.dataset.connection = connection.state
    this.watchMidnight()
    this.touched()
  }

  disconnect() {
    clearTimeout(this.midnight)
    clearTimeout(this.idle)
    this.pages.stop()
    this.reading.stop()
    this.typing.clear()
  }

  makePages() {
    return new Pages({
      history: this.history, transcript: this.transcript, scroller: this.scroller,
      isAtEnd: this.element.dataset.newer !== "true",
      newest: () => Math.max(rooms.get(this.id)?.seq ?? 0, Number(this.element.dataset.seq)),
      changed: () => this.settleView(),
      signedOut: () => connection.dispatchEvent(new Event("signedout")),
    })
  }

  makeChanges() {
    return new Changes({
      roomId: this.id,
      send: frame => connection.send(frame),
      saving: (seq, isSaving) => this.transcript.article(seq)?.toggleAttribute("data-saving", isSaving),
      refused: ({ type, seq, content }, sentence) => {
        toast(`${t("js-change-failed")} ${sentence}`)
        if (type === "edit") this.edit(seq, content)
      },
    })
  }

  makeTyping() {
    return new Typing({
      tell: () => connection.send({ type: "typing", roomId: this.id }),
      changed: names => showTyping(this.find("#typing"), names),
    })
  }

  listen() {
    const frames = {
      hello: this.hello, message: this.message, synced: this.synced, resync: this.reload, ack: this.ack,
      error: this.error, room: this.entered, read: this.marked, seen: this.seenBy, typing: this.typed,
    }
    for (const [type, handler] of Object.entries(frames)) this.on(connection, `frame:${type}`, ({ detail }) => handler.call(this, detail))
    this.on(connection, "state", this.state)
    this.on(outbox, "change", ({ detail }) => detail.roomId === this.id && this.progress(detail))
    const own = {
      "composer:send": this.send, "composer:edit": ({ detail }) => this.changes.edit(detail.seq, detail.content),
      "composer:last": this.editLast, "composer:done": this.edited, "composer:typing": () => this.typing.mine(),
      "people:moved": this.moved, "people:listed": ({ detail }) => this.seen.learn(detail), "rooms:read": this.allRead,
      "people:jump": ({ detail }) => this.toDate(detail),
    }
    for (const [type, handler] of Object.entries(own)) this.on(this.element, type, handler)
    this.on(this.transcript.container, "click", this.act)
    this.on(this.scroller.element, "scroll", this.scrolled, { passive: true })
    this.on(document, "visibilitychange", this.visibility)
    for (const type of ["focus", "resize", "hashchange"]) this.on(window, type, () => this.reading.look())
    for (const type of ["pointermove", "keydown", "scroll"]) this.on(document, type, this.touched, { passive: true, capture: true })
    walkByKey(this.transcript.container, this.scroller.element, this.signal)
    this.firstUse = new FirstUse(this.transcript.container, this.scroller.element, () => this.loadActions(), this.signal)
    afterStart(() => this.loadActions())
  }

  // Without the network the next use tries again.
  async loadActions() {
    const loaded = await loadActions().catch(() => null)
    this.firstUse.hasFailed = !loaded
    if (!loaded || this.actions || this.signal.aborted) return
    this.actions = new loaded.MessageActions(this)
    this.firstUse.repeat()
  }

  person() {
    const { username, avatarUrl } = this.element.dataset
    return { id: document.body.dataset.userId, username, avatarURL: avatarUrl || null }
  }

  // Where the reader starts: at a permalink, where they left off, or at the end.
  async begin() {
    this.seen.learn([...this.element.querySelectorAll("#people-list > [data-user-id]")])
    const { at, seq } = this.element.dataset
    this.learnPreview()
    const target = at && this.transcript.article(Number(at))
    if (target) return this.toTarget(target)
    if (location.hash.startsWith("#message-")) return
    this.scroller.toEnd()
    if (!this.isMember || this.readSeq >= Number(seq)) return this.reading.look()
    if (this.readSeq + 1 < this.transcript.firstSeq) await this.pages.around(this.readSeq + 1)
    this.toNewLine(this.readSeq + 1)
    this.reading.look()
  }

  // The sidebar knows what was said last here.
  learnPreview() {
    const last = this.pages.isAtEnd && this.transcript.articles.at(-1)
    if (!last || !this.isMember) return
    const { seq, userId, state } = last.dataset
    const text = state === "deleted" ? "" : plainText(last.querySelector(".message-body")).trim()
    rooms.learn(this.id, { seq: Number(seq), author: last.querySelector(".message-author").textContent, mine: userId === this.me.id, text })
  }

  toTarget(article) {
    article.dataset.target = ""
    this.scroller.toNode(article)
    focusNode(article)
    this.scrolled()
  }

  toNewLine(seq) {
    const line = this.transcript.markNew(seq)
    if (line && line.getBoundingClientRect().top < this.scroller.element.getBoundingClientRect().top) this.scroller.toNode(line)
    this.scrolled()
  }

  // The connection

  state() {
    this.element.dataset.connection = connection.state
    if (connection.state !== "online") this.changes.disconnected()
  }

  hello({ user, epoch, rooms: mine }) {
    if (this.find("#room").hidden) return
    if (epoch !== this.epoch || user.id !== this.me.id) return this.reload()
    const room = mine.find(({ id }) => id === this.id)
    // Entered or removed elsewhere: another page now.
    if (Boolean(room) !== this.isMember) return this.reload()
    if (!room) return
    this.readSeq = room.readSeq
    this.tellView()
    if (this.pages.isAtEnd && room.seq - this.transcript.lastSeq > MISSED_MANY) this.startOver(room)
    else if (this.position.greet(room.ver)) this.sync()
    this.changes.connected()
    this.reading.look()
  }

  // Somebody brought me into a room that I was reading along.
  entered({ room }) {
    if (room.id === this.id && !this.isMember) this.reload()
  }

  sync() {
    connection.send({ type: "sync", roomId: this.id, ver: this.position.ver })
  }

  tellView() {
    if (this.isMember) connection.send({ type: "view", roomId: this.id, away: document.hidden || this.isIdle })
  }

  // Away for long: the newest messages now, what lies between when the reader scrolls up.
  async startOver(room) {
    this.position = new Position(room.ver)
    if (!(await this.pages.latest())) this.reload()
  }

  synced({ roomId, ver, more }) {
    if (roomId === this.id && this.position.close(ver, more)) this.sync()
  }

  // What this page knows is no longer true. Never in a circle.
  reload(frame) {
    if (frame?.roomId && frame.roomId !== this.id) return
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
    const isBeyond = !this.pages.isAtEnd && message.seq > this.transcript.lastSeq
    this.changes.settle(message.seq)
    this.typing.stopped(message.user.id)
    if (isMine && message.seq === this.readSeq + 1) this.readSeq = message.seq
    if (isBeyond && !isMine) this.pill.count()
    if (isOld || isBeyond) return
    const follow = this.scroller.isNearEnd && !this.wouldHideNew()
    let result = null
    const change = () => (result = this.transcript.apply(message, isLive))
    if (follow) change()
    else this.scroller.keepPlace(change)
    if (result === "added" && !isMine) this.arrived(message, follow)
    if (result === "added") this.seen.said(message.user, message.seq)
    if (result === "changed") this.actions?.refresh(this.transcript.article(message.seq))
    if (follow) this.scroller.toEnd()
    this.settleView(follow)
  }

  arrived({ seq, deletedAt }, follow) {
    if (deletedAt) return
    if (!this.reading.isAttended && !this.transcript.newLine) this.transcript.markNew(seq)
    if (!follow) this.pill.count()
  }

  // While nobody looks, the line stays in sight.
  wouldHideNew() {
    const line = !this.reading.isAttended && this.transcript.newLine
    return line && line.getBoundingClientRect().top < this.scroller.element.getBoundingClientRect().top + 80
  }

  // It is in the outbox before anything else is tried.
  async send({ detail }) {
    outbox.add({ roomId: this.id, roomName: rooms.get(this.id)?.name ?? this.element.dataset.name, content: detail })
    this.transcript.clearNew()
    this.reading.isPaused = false
    if (!this.pages.isAtEnd) await this.pages.latest()
    this.toEnd()
    this.settleView()
  }

  // A message of mine on its way, written in whichever window.
  progress(entry) {
    const { clientId, state } = entry
    if (state === "gone") this.transcript.discard(clientId)
    else if (state === "stored") this.transcript.settle(clientId)
    else if (outbox.isForeign(entry) || !this.isMember) return
    else if (this.transcript.has(clientId)) return outbox.stored(clientId)
    else if (this.transcript.progress(entry) && this.scroller.isNearEnd) this.toEnd()
    this.settleView()
  }

  ack({ roomId, clientId, seq }) {
    // A retry of something long stored: its message is, or was, already here.
    if (roomId === this.id && seq <= this.transcript.lastSeq) this.transcript.discard(clientId)
  }

  error({ clientId, roomId, seq, code, message }) {
    if (clientId) return
    if (roomId === this.id && seq) this.changes.refuse({ seq, message })
    else if (roomId === this.id && code === "unavailable" && this.position.catchingUp) setTimeout(() => this.sync(), AGAIN)
  }

  // "Try again", "Copy" and "Discard" of a message that was not sent.
  act({ target }) {
    const action = target.closest("[data-action]")?.dataset.action
    if (!action) return
    const { clientId } = target.closest(".message").dataset
    if (action === "copy") return this.copy(outbox.get(clientId).content)
    if (action === "retry") {
      outbox.retry(clientId)
      if (connection.state !== "online") connection.wake()
    } else outbox.discard(clientId)
    this.composer?.focus()
  }

  async copy(text) {
    const loaded = await loadCopying().catch(() => null)
    toast(t((await loaded?.copyText(text)) ? "js-copied" : "js-not-copied"))
  }

  // From here on nothing is read again before the reader comes back or says something.
  unread(seq) {
    this.readSeq = seq - 1
    this.reading.isPaused = true
    this.scroller.keepPlace(() => this.transcript.markNew(seq))
  }

  edit(seq, content) {
    const article = this.transcript.article(seq)
    if (!article || !this.composer) return
    this.edited()
    article.dataset.editing = ""
    this.composer.dispatchEvent(new CustomEvent("edit", { detail: { seq, content: content ?? plainText(article.querySelector(".message-body")) } }))
  }

  editLast() {
    const article = this.transcript.lastMine()
    if (!article) return
    article.scrollIntoView({ block: "nearest" })
    this.edit(Number(article.dataset.seq))
  }

  // Who began to edit at the message, by keyboard, goes on there.
  edited() {
    this.transcript.container.querySelector("[data-editing]")?.removeAttribute("data-editing")
    if (this.editedFrom?.isConnected) focusNode(this.editedFrom)
    this.editedFrom = null
  }

  get composer() {
    return document.getElementById("composer-content")
  }

  // What is read

  read(seq) {
    if (!this.isMember || seq <= this.readSeq) return
    if (!connection.send({ type: "read", roomId: this.id, seq })) return
    this.readSeq = seq
    rooms.see(this.id, seq)
  }

  // My mark moved, perhaps on another device.
  marked({ roomId, seq }) {
    if (roomId !== this.id) return
    const mark = rooms.get(this.id)?.readSeq ?? seq
    if (mark < this.readSeq) this.unread(mark + 1)
    this.readSeq = mark
  }

  allRead() {
    this.readSeq = Math.max(this.readSeq, this.pages.newest())
    this.transcript.clearNew()
  }

  seenBy({ roomId, user, seq }) {
    if (roomId === this.id) this.seen.moved(user, seq)
  }

  typed({ roomId, user }) {
    if (roomId === this.id && user.id !== this.me.id) this.typing.theirs(user)
  }

  // The reader

  moved({ detail }) {
    if (!this.pages.isAtEnd) return
    const follow = this.scroller.isNearEnd
    const change = () => this.transcript.line(detail.id, detail.username)
    if (follow) change()
    else this.scroller.keepPlace(change)
    if (follow) this.scroller.toEnd()
  }

  scrolled() {
    this.reading.look()
    if (!this.pages.isAtEnd) this.pill.offer(true)
    else if (this.scroller.isNearEnd) this.pill.clear()
    else this.pill.offer(this.scroller.isFarFromEnd)
  }

  async toLatest() {
    if (!this.pages.isAtEnd && !(await this.pages.latest())) return toast(t("js-newer-failed"))
    this.toEnd()
  }

  toEnd() {
    this.scroller.toEnd()
    this.pill.clear()
  }

  async toDate(date) {
    try {
      const seq = await this.history.firstSince(date, this.pages.newest())
      if (!seq) return toast(t("js-no-date"))
      if (!this.transcript.article(seq)) await this.pages.around(seq)
      const article = this.transcript.article(seq)
      if (article) this.toTarget(article)
    } catch {
      toast(t("js-older-failed"))
    }
  }

  visibility() {
    this.tellView()
    if (!document.hidden) {
      this.transcript.nameDays()
      return this.reading.look()
    }
    if (this.readSeq >= this.transcript.lastSeq) this.transcript.clearNew()
    this.reading.isPaused = false
  }

  // Ten minutes without a hand on anything is away.
  touched() {
    clearTimeout(this.idle)
    this.idle = setTimeout(() => this.rest(true), AWAY_AFTER)
    if (this.isIdle) this.rest(false)
  }

  rest(isIdle) {
    this.isIdle = isIdle
    this.tellView()
  }

  settleView(mayTrim = false) {
    this.empty.hidden = !this.transcript.isEmpty
    if (mayTrim && this.transcript.size > TRIM_AT) this.transcript.trim(TRIM_TO)
    this.pages?.offer()
    this.seen.show()
    this.reading.look()
  }

  watchMidnight() {
    this.midnight = setTimeout(() => {
      this.transcript.nameDays()
      this.watchMidnight()
    }, untilMidnight() + 1_000)
  }
}
