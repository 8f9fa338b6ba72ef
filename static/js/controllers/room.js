import { Controller } from "./registry.js"
import { PendingChanges } from "../models/pending_changes.js"
import { connection } from "../models/connection.js"
import { History } from "../models/history.js"
import { lazy, afterStart } from "../models/lazy.js"
import { recall, remember } from "../models/memory.js"
import { outbox } from "../models/outbox.js"
import { SyncPosition } from "../models/sync_position.js"
import { rooms } from "../models/rooms.js"
import { t } from "../models/strings.js"
import { msUntilMidnight } from "../models/times.js"
import { TypingUsers } from "../models/typing_users.js"
import { plainText } from "../views/content.js"
import { EventReplay } from "../views/event_replay.js"
import { focusNode } from "../views/focus.js"
import { HistoryWindow } from "../views/history_window.js"
import { JumpToLatest } from "../views/jump_to_latest.js"
import { ReadTracker } from "../views/read_tracker.js"
import { Scroller } from "../views/scroller.js"
import { ReadReceipts } from "../views/read_receipts.js"
import { toast } from "../views/toast.js"
import { Transcript } from "../views/transcript.js"
import { showTyping } from "../views/typing.js"
import { navigateByKey } from "../views/message_navigation.js"

const SYNC_RETRY = 1_500
const MAX_SYNC = 500
const TRIM_AT = 400
const TRIM_TO = 200
const AWAY_AFTER = 10 * 60_000
const loadActions = lazy(() => import("./message_actions.js"))
const loadClipboard = lazy(() => import("../views/clipboard.js"))

// A room with its live connection: receives, sends and shows messages, and tracks what has been read.
export default class Room extends Controller {
  connect() {
    const { roomId, ver, epoch, member, readSeq } = this.element.dataset
    Object.assign(this, { id: roomId, epoch, isMember: member === "true", me: this.person(), readSeq: Number(readSeq) })
    this.position = new SyncPosition(Number(ver))
    this.history = new History(roomId)
    this.scroller = new Scroller(this.find("#log"))
    this.transcript = new Transcript(this.find("#messages"), this.me)
    this.empty = this.find("#empty")
    this.jump = new JumpToLatest(this.find("#jump-to-latest"), () => this.toLatest())
    this.readTracker = new ReadTracker(this.scroller, this.transcript, seq => this.read(seq))
    this.receipts = new ReadReceipts(this.transcript, this.me)
    this.historyWindow = this.createHistoryWindow()
    this.changes = this.createPendingChanges()
    this.typing = this.createTypingUsers()
    this.listen()
    this.refreshView()
    this.begin()
    this.element.dataset.connection = connection.state
    this.watchMidnight()
    this.userActive()
  }

  disconnect() {
    clearTimeout(this.midnight)
    clearTimeout(this.idle)
    clearTimeout(this.syncRetry)
    this.historyWindow.stop()
    this.readTracker.stop()
    this.typing.clear()
  }

  createHistoryWindow() {
    return new HistoryWindow({
      history: this.history, transcript: this.transcript, scroller: this.scroller,
      isAtEnd: this.element.dataset.newer !== "true",
      newest: () => Math.max(rooms.get(this.id)?.seq ?? 0, Number(this.element.dataset.seq)),
      onChange: () => this.refreshView(),
      onSignedOut: () => connection.dispatchEvent(new Event("signedout")),
    })
  }

  createPendingChanges() {
    return new PendingChanges({
      roomId: this.id,
      send: frame => connection.send(frame),
      onSaving: (seq, isSaving) => this.transcript.article(seq)?.toggleAttribute("data-saving", isSaving),
      onRejected: ({ type, seq, content }, sentence) => {
        toast(`${t("js-change-failed")} ${sentence}`)
        if (type === "edit") this.edit(seq, content)
      },
    })
  }

  createTypingUsers() {
    return new TypingUsers({
      send: () => connection.send({ type: "typing", roomId: this.id }),
      onChange: names => showTyping(this.find("#typing"), names),
    })
  }

  listen() {
    const frames = {
      hello: this.hello, message: this.message, synced: this.synced, resync: this.reload, ack: this.ack,
      error: this.error, room: this.entered, read: this.readElsewhere, seen: this.seenBy, typing: this.othersTyping,
    }
    for (const [type, handler] of Object.entries(frames)) this.on(connection, `frame:${type}`, ({ detail }) => handler.call(this, detail))
    this.on(connection, "state", this.state)
    this.on(outbox, "change", ({ detail }) => detail.roomId === this.id && this.showOutboxEntry(detail))
    const own = {
      "composer:send": this.send, "composer:edit": ({ detail }) => this.changes.edit(detail.seq, detail.content),
      "composer:last": this.editLast, "composer:done": this.edited, "composer:typing": () => this.typing.typed(),
      "people:moved": this.showPresenceChange, "people:listed": ({ detail }) => this.receipts.setMembers(detail), "rooms:read": this.allRead,
      "people:jump": ({ detail }) => this.toDate(detail),
    }
    for (const [type, handler] of Object.entries(own)) this.on(this.element, type, handler)
    this.on(this.transcript.container, "click", this.failedMessageAction)
    this.on(this.scroller.element, "scroll", this.scrolled, { passive: true })
    this.on(document, "visibilitychange", this.visibility)
    for (const type of ["focus", "resize", "hashchange"]) this.on(window, type, () => this.readTracker.check())
    for (const type of ["pointermove", "keydown", "scroll"]) this.on(document, type, this.userActive, { passive: true, capture: true })
    navigateByKey(this.transcript.container, this.scroller.element, this.signal)
    this.replay = new EventReplay(this.transcript.container, this.scroller.element, () => this.loadActions(), this.signal)
    afterStart(() => this.loadActions())
  }

  // A failed load is retried at the next use.
  async loadActions() {
    const loaded = await loadActions().catch(() => null)
    this.replay.loadFailed = !loaded
    if (!loaded || this.actions || this.signal.aborted) return
    this.actions = new loaded.MessageActions(this)
    this.replay.replay()
  }

  person() {
    const { username, avatarUrl } = this.element.dataset
    return { id: document.body.dataset.userId, username, avatarURL: avatarUrl || null }
  }

  // Scrolls to the permalink, to the first unread message, or to the end.
  async begin() {
    this.receipts.setMembers([...this.element.querySelectorAll("#people-list > [data-user-id]")])
    const { at, seq } = this.element.dataset
    this.updatePreview()
    const target = at && this.transcript.article(Number(at))
    if (target) return this.toTarget(target)
    if (location.hash.startsWith("#message-")) return
    this.scroller.toEnd()
    if (!this.isMember || this.readSeq >= Number(seq)) return this.readTracker.check()
    if (this.readSeq + 1 < this.transcript.firstSeq) await this.historyWindow.showAround(this.readSeq + 1)
    this.toNewSeparator(this.readSeq + 1)
    this.readTracker.check()
  }

  // The newest message is the sidebar's preview.
  updatePreview() {
    const last = this.historyWindow.isAtEnd && this.transcript.articles.at(-1)
    if (!last || !this.isMember) return
    const { seq, userId, state } = last.dataset
    const text = state === "deleted" ? "" : plainText(last.querySelector(".message-body")).trim()
    rooms.setPreview(this.id, { seq: Number(seq), author: last.querySelector(".message-author").textContent, mine: userId === this.me.id, text })
  }

  toTarget(article) {
    article.dataset.target = ""
    this.scroller.toNode(article)
    focusNode(article)
    this.scrolled()
  }

  toNewSeparator(seq) {
    const line = this.transcript.markNew(seq)
    if (line && line.getBoundingClientRect().top < this.scroller.element.getBoundingClientRect().top) this.scroller.toNode(line)
    this.scrolled()
  }

  state() {
    this.element.dataset.connection = connection.state
    if (connection.state !== "online") this.changes.disconnected()
  }

  hello({ user, epoch, rooms: mine }) {
    if (this.find("#room").hidden) return
    if (epoch !== this.epoch || user.id !== this.me.id) return this.reload()
    const room = mine.find(({ id }) => id === this.id)
    // Joined or removed elsewhere: the page is a different one now.
    if (Boolean(room) !== this.isMember) return this.reload()
    if (!room) return
    this.readSeq = room.readSeq
    this.sendView()
    if (this.historyWindow.isAtEnd && room.seq - this.transcript.lastSeq > MAX_SYNC) this.startOver(room)
    else if (this.position.start(room.ver)) this.sync()
    this.changes.connected()
    this.readTracker.check()
  }

  // Added to a room that was only being previewed.
  entered({ room }) {
    if (room.id === this.id && !this.isMember) this.reload()
  }

  sync() {
    connection.send({ type: "sync", roomId: this.id, ver: this.position.ver })
  }

  sendView() {
    if (this.isMember) connection.send({ type: "view", roomId: this.id, away: document.hidden || this.isIdle })
  }

  // After a long absence: loads the newest messages; the gap is loaded on scrolling up.
  async startOver(room) {
    this.position = new SyncPosition(room.ver)
    if (!(await this.historyWindow.showLatest())) this.reload()
  }

  synced({ roomId, ver, more }) {
    if (roomId === this.id && this.position.endPage(ver, more)) this.sync()
  }

  // The page is out of date. At most every ten seconds, to avoid a reload loop.
  reload(frame) {
    if (frame?.roomId && frame.roomId !== this.id) return
    if (Date.now() - (recall("reloaded") ?? 0) < 10_000) return
    remember("reloaded", Date.now())
    location.reload()
  }

  message(message) {
    if (message.roomId !== this.id) return
    if (this.position.advance(message.ver)) this.sync()
    const isLive = !this.position.isSyncing
    const isMine = message.user.id === this.me.id
    const isOld = this.transcript.firstSeq !== null && message.seq < this.transcript.firstSeq
    const isBeyond = !this.historyWindow.isAtEnd && message.seq > this.transcript.lastSeq
    this.changes.confirm(message.seq)
    this.typing.stopped(message.user.id)
    if (isMine && message.seq === this.readSeq + 1) this.readSeq = message.seq
    if (isBeyond && !isMine) this.jump.addNew()
    if (isOld || isBeyond) return
    const follow = this.scroller.isNearEnd && !this.wouldHideNewSeparator()
    let result = null
    this.scroller.update(() => (result = this.transcript.apply(message, isLive)), follow)
    if (result === "added" && !isMine) this.arrived(message, follow)
    if (result === "added") this.receipts.posted(message.user, message.seq)
    if (result === "changed") this.actions?.refresh(this.transcript.article(message.seq))
    this.refreshView(follow)
  }

  arrived({ seq, deletedAt }, follow) {
    if (deletedAt) return
    if (!this.readTracker.isAttended && !this.transcript.newLine) this.transcript.markNew(seq)
    if (!follow) this.jump.addNew()
  }

  // While the window is not in focus, the separator stays in view.
  wouldHideNewSeparator() {
    const line = !this.readTracker.isAttended && this.transcript.newLine
    return line && line.getBoundingClientRect().top < this.scroller.element.getBoundingClientRect().top + 80
  }

  // Stored in the outbox first.
  async send({ detail }) {
    outbox.add({ roomId: this.id, roomName: rooms.get(this.id)?.name ?? this.element.dataset.name, content: detail })
    this.transcript.clearNew()
    this.readTracker.isPaused = false
    if (!this.historyWindow.isAtEnd) await this.historyWindow.showLatest()
    this.toEnd()
    this.refreshView()
  }

  // An own message changed its state in the outbox, in any window.
  showOutboxEntry(entry) {
    const { clientId, state } = entry
    if (state === "gone") this.transcript.discard(clientId)
    else if (state === "stored") this.transcript.markStored(clientId)
    else if (outbox.isForeign(entry) || !this.isMember) return
    else if (this.transcript.has(clientId)) return outbox.markStored(clientId)
    else if (this.transcript.showPending(entry) && this.scroller.isNearEnd) this.toEnd()
    this.refreshView()
  }

  ack({ roomId, clientId, seq }) {
    // Retry of a message stored long ago: it is shown already, or was.
    if (roomId === this.id && seq <= this.transcript.lastSeq) this.transcript.discard(clientId)
  }

  error({ clientId, roomId, seq, code, message }) {
    if (clientId) return
    if (roomId === this.id && seq) this.changes.reject({ seq, message })
    else if (roomId === this.id && code === "unavailable" && this.position.isSyncing) this.syncRetry = setTimeout(() => this.sync(), SYNC_RETRY)
  }

  // "Try again", "Copy text" and "Discard" of a failed message.
  failedMessageAction({ target }) {
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
    const loaded = await loadClipboard().catch(() => null)
    toast(t((await loaded?.copyText(text)) ? "js-copied" : "js-not-copied"))
  }

  // Pauses reading until the user returns or sends a message.
  markUnread(seq) {
    this.readSeq = seq - 1
    this.readTracker.isPaused = true
    this.scroller.keepScrollPosition(() => this.transcript.markNew(seq))
  }

  edit(seq, content) {
    const article = this.transcript.article(seq)
    if (!article || !this.composer) return
    this.edited()
    article.dataset.editing = ""
    this.composer.dispatchEvent(new CustomEvent("edit", { detail: { seq, content: content ?? plainText(article.querySelector(".message-body")) } }))
  }

  editLast() {
    const article = this.transcript.lastOwn()
    if (!article) return
    article.scrollIntoView({ block: "nearest" })
    this.edit(Number(article.dataset.seq))
  }

  // Editing that started from the keyboard returns the focus to the message.
  edited() {
    this.transcript.container.querySelector("[data-editing]")?.removeAttribute("data-editing")
    if (this.editedFrom?.isConnected) focusNode(this.editedFrom)
    this.editedFrom = null
  }

  get composer() {
    return document.getElementById("composer-content")
  }

  read(seq) {
    if (!this.isMember || seq <= this.readSeq) return
    if (!connection.send({ type: "read", roomId: this.id, seq })) return
    this.readSeq = seq
    rooms.markRead(this.id, seq)
  }

  // My read position changed, perhaps on another device.
  readElsewhere({ roomId, seq }) {
    if (roomId !== this.id) return
    const mark = rooms.get(this.id)?.readSeq ?? seq
    if (mark < this.readSeq) this.markUnread(mark + 1)
    this.readSeq = mark
  }

  allRead() {
    this.readSeq = Math.max(this.readSeq, this.historyWindow.newest())
    this.transcript.clearNew()
  }

  seenBy({ roomId, user, seq }) {
    if (roomId === this.id) this.receipts.update(user, seq)
  }

  othersTyping({ roomId, user }) {
    if (roomId === this.id && user.id !== this.me.id) this.typing.started(user)
  }

  showPresenceChange({ detail }) {
    if (!this.historyWindow.isAtEnd) return
    this.scroller.update(() => this.transcript.addPresenceLine(detail.id, detail.username))
  }

  scrolled() {
    this.readTracker.check()
    if (!this.historyWindow.isAtEnd) this.jump.setFar(true)
    else if (this.scroller.isNearEnd) this.jump.clear()
    else this.jump.setFar(this.scroller.isFarFromEnd)
  }

  async toLatest() {
    if (!this.historyWindow.isAtEnd && !(await this.historyWindow.showLatest())) return toast(t("js-newer-failed"))
    this.toEnd()
  }

  toEnd() {
    this.scroller.toEnd()
    this.jump.clear()
  }

  async toDate(date) {
    try {
      const seq = await this.history.firstSince(date, this.historyWindow.newest())
      if (!seq) return toast(t("js-no-messages-since"))
      if (!this.transcript.article(seq)) await this.historyWindow.showAround(seq)
      const article = this.transcript.article(seq)
      if (article) this.toTarget(article)
    } catch {
      toast(t("js-older-failed"))
    }
  }

  visibility() {
    this.sendView()
    if (!document.hidden) {
      this.transcript.updateDayNames()
      return this.readTracker.check()
    }
    if (this.readSeq >= this.transcript.lastSeq) this.transcript.clearNew()
    this.readTracker.isPaused = false
  }

  // Ten minutes without input count as away.
  userActive() {
    clearTimeout(this.idle)
    this.idle = setTimeout(() => this.setIdle(true), AWAY_AFTER)
    if (this.isIdle) this.setIdle(false)
  }

  setIdle(isIdle) {
    this.isIdle = isIdle
    this.sendView()
  }

  refreshView(mayTrim = false) {
    this.empty.hidden = !this.transcript.isEmpty
    if (mayTrim && this.transcript.size > TRIM_AT) this.transcript.trim(TRIM_TO)
    this.historyWindow?.setAvailable()
    this.receipts.show()
    this.readTracker.check()
  }

  watchMidnight() {
    this.midnight = setTimeout(() => {
      this.transcript.updateDayNames()
      this.watchMidnight()
    }, msUntilMidnight() + 1_000)
  }
}
