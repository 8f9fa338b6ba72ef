// The messages of a room by `seq`, pending ones last, with day separators, grouping and presence lines.
import { name, nodes, t } from "../models/strings.js"
import { dayName, dayOf } from "../models/times.js"
import { learnAvatar } from "./avatar.js"
import { personalize } from "./content.js"
import { element } from "./element.js"
import { defaultFocus, focusNode } from "./focus.js"
import { updateArticle, nameMessage, pendingMessage, showProgress, showTime, storedMessage } from "./message.js"

const GROUP_WITHIN = 5 * 60_000
const MAX_PRESENCE_LINES = 5

export class Transcript {
  #bySeq = new Map()
  #pending = new Map()
  #days = new Map()
  #newLine = null

  constructor(container, me) {
    this.container = container
    this.me = me
    this.#adopt()
  }

  get size() { return this.#bySeq.size }
  get firstSeq() { return this.#stored()?.seq ?? null }
  get lastSeq() { return this.#stored(true)?.seq ?? 0 }
  get articles() { return [...this.container.querySelectorAll(":scope > .message[data-seq]")] }
  get newLine() { return this.#newLine }
  get isEmpty() { return this.#bySeq.size + this.#pending.size === 0 }

  has(clientId) {
    return [...this.#bySeq.values()].some(({ dataset }) => dataset.clientId === clientId && dataset.userId === this.me.id)
  }

  // Shows a message in its current state. Returns "added", "changed" or null.
  apply(message, isLive) {
    const shown = this.#bySeq.get(message.seq)
    if (shown) {
      if (Number(shown.dataset.ver) >= message.ver) return null
      updateArticle(shown, message)
      return "changed"
    }
    const article = this.#insert(message)
    if (!article.hasAttribute("data-arriving")) article.toggleAttribute("data-arriving", isLive && message.seq === this.lastSeq)
    return "added"
  }

  article(seq) {
    return this.#bySeq.get(seq)
  }

  // My newest message that isn't deleted.
  lastOwn() {
    return this.articles.findLast(({ dataset }) => dataset.userId === this.me.id && dataset.state === "stored")
  }

  insert(messages) {
    for (const message of messages) if (!this.#bySeq.has(message.seq)) this.#insert(message)
  }

  // Shows a pending message. Returns true when it is new here.
  showPending(entry) {
    const shown = this.#pending.get(entry.clientId)
    if (shown) return showProgress(shown, entry)
    const article = pendingMessage(this.me, entry)
    article.dataset.mine = ""
    article.dataset.arriving = ""
    // In the order of writing, whichever window it was.
    const next = this.#nextPending(entry.order)
    this.#pending.set(entry.clientId, article)
    this.container.insertBefore(article, next ? this.#firstNodeOf(next) : this.container.querySelector(":scope > .newer"))
    this.#updateSeparators(article)
    if (next) this.#updateSeparators(next)
    return true
  }

  // Acknowledged; the server's version is still to come.
  markStored(clientId) {
    const article = this.#pending.get(clientId)
    if (article) showProgress(article, { state: "stored" })
  }

  discard(clientId) {
    const article = this.#pending.get(clientId)
    if (!article) return
    this.#pending.delete(clientId)
    this.#remove(article)
  }

  // A line such as "Mei joined". Only the last few in a row are kept.
  addPresenceLine(id, username) {
    const lines = []
    for (let node = this.#pendingStart()?.previousElementSibling ?? this.container.lastElementChild; node?.matches(".presence-line"); node = node.previousElementSibling) lines.push(node)
    if (lines.length >= MAX_PRESENCE_LINES) lines.at(-1).remove()
    this.container.insertBefore(element("p", { class: "presence-line" }, nodes(id, { name: name(username) })), this.#pendingStart())
  }

  // The separator above the first new message.
  markNew(seq) {
    this.clearNew()
    const article = this.#bySeq.get(seq)
    if (!article) return null
    this.#newLine = element("div", { class: "new-separator" }, t("js-new"))
    article.before(this.#newLine)
    this.#updateSeparators(article)
    return this.#newLine
  }

  clearNew() {
    const after = this.#newLine?.nextElementSibling
    this.#newLine?.remove()
    this.#newLine = null
    if (after?.matches(".message")) this.#updateSeparators(after)
  }

  // Removes the oldest messages, to keep long-lived windows light.
  trim(keep) {
    const seqs = [...this.#bySeq.keys()].sort((a, b) => a - b)
    for (const seq of seqs.slice(0, -keep)) {
      const article = this.#bySeq.get(seq)
      this.#bySeq.delete(seq)
      this.#remove(article)
    }
    this.container.querySelectorAll(":scope > .presence-line").forEach(line => this.#before(line) || line.remove())
  }

  clear() {
    if (this.articles.some(article => article.contains(document.activeElement))) focusNode(defaultFocus())
    this.clearNew()
    for (const article of this.#bySeq.values()) this.#remove(article)
    this.#bySeq.clear()
    this.container.querySelectorAll(":scope > .presence-line").forEach(line => line.remove())
  }

  updateDayNames() {
    for (const [article, line] of this.#days) line.textContent = dayName(new Date(article.dataset.createdAt))
  }

  #adopt() {
    this.container.querySelectorAll(":scope > .day-separator").forEach(day => day.remove())
    for (const article of this.container.querySelectorAll(":scope > .message")) {
      this.#bySeq.set(Number(article.dataset.seq), article)
      learnAvatar(article.dataset.userId, article.querySelector(".avatar"))
      article.toggleAttribute("data-mine", article.dataset.userId === this.me.id)
      showTime(article)
      nameMessage(article)
      personalize(article)
      this.#updateSeparators(article)
    }
  }

  #insert(message) {
    const isMine = message.user.id === this.me.id
    const last = this.lastSeq
    const waiting = isMine ? this.#pending.get(message.clientId) : null
    const article = waiting ?? storedMessage(message)
    const after = waiting && this.#after(waiting)
    if (waiting) {
      this.#pending.delete(message.clientId)
      updateArticle(waiting, message)
    }
    article.toggleAttribute("data-mine", isMine)
    this.#bySeq.set(message.seq, article)
    this.#place(article, message.seq, last)
    this.#updateSeparators(article)
    for (const next of new Set([after, this.#after(article)])) if (next) this.#updateSeparators(next)
    return article
  }

  // Before pending messages, or before the next newer message.
  #place(article, seq, last) {
    let before = this.#pendingStart(article)
    if (seq < last) {
      const next = [...this.#bySeq.keys()].filter(other => other > seq).reduce((a, b) => Math.min(a, b))
      before = this.#firstNodeOf(this.#bySeq.get(next))
    }
    const here = this.#firstNodeOf(article)
    if (here.isConnected && article.nextElementSibling === before) return
    this.#days.get(article)?.remove()
    this.#days.delete(article)
    // Moving a node removes its focus.
    const focused = article.contains(document.activeElement) ? document.activeElement : null
    this.container.insertBefore(article, before)
    focused?.focus({ preventScroll: true })
  }

  // Updates the day separator above a message, and its grouping.
  #updateSeparators(article) {
    const date = new Date(article.dataset.createdAt)
    const previous = this.#before(article)
    const previousDate = previous && new Date(previous.dataset.createdAt)
    const isNewDay = !previous || dayOf(previousDate) !== dayOf(date)
    let line = this.#days.get(article)
    if (isNewDay && !line) {
      line = element("div", { class: "day-separator" })
      this.#days.set(article, line)
    } else if (!isNewDay && line) {
      line.remove()
      this.#days.delete(article)
    }
    if (isNewDay) {
      line.dataset.day = dayOf(date)
      line.textContent = dayName(date)
      const top = article.previousElementSibling === this.#newLine && this.#newLine ? this.#newLine : article
      if (top.previousElementSibling !== line) top.before(line)
    }
    article.toggleAttribute("data-continued", !isNewDay
      && article.previousElementSibling === previous
      && previous.dataset.userId === article.dataset.userId
      && Math.abs(date - previousDate) < GROUP_WITHIN)
  }

  #remove(article) {
    const after = this.#after(article)
    const hadFocus = article.contains(document.activeElement)
    const next = hadFocus && (after ?? this.#before(article) ?? defaultFocus())
    if (article.previousElementSibling === this.#newLine) this.clearNew()
    this.#days.get(article)?.remove()
    this.#days.delete(article)
    article.remove()
    if (next) focusNode(next)
    if (after) this.#updateSeparators(after)
  }

  // The first pending message, or the lower end.
  #pendingStart(except = null) {
    const first = this.#nextPending(-1, except)
    return first ? this.#firstNodeOf(first) : this.container.querySelector(":scope > .newer")
  }

  // The earliest pending message written after `order`.
  #nextPending(order, except = null) {
    const later = [...this.#pending.values()].filter(article => article !== except && article.dataset.order > order)
    return later.sort((a, b) => a.dataset.order - b.dataset.order)[0]
  }

  // The message's day separator, or the message.
  #firstNodeOf(article) {
    return this.#days.get(article) ?? article
  }

  #before(node) {
    do node = node.previousElementSibling
    while (node && !node.matches(".message"))
    return node
  }

  #after(node) {
    do node = node.nextElementSibling
    while (node && !node.matches(".message"))
    return node
  }

  #stored(last = false) {
    const articles = this.container.querySelectorAll(":scope > .message[data-seq]")
    const article = articles[last ? articles.length - 1 : 0]
    return article && { article, seq: Number(article.dataset.seq) }
  }
}
