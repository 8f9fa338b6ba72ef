// The messages of a room in the page: by seq, one of each; what is on its way stands last. Days, groups and the quiet
// lines about people are arranged here.
import { name, nodes, t } from "../models/strings.js"
import { dayName, dayOf } from "../models/times.js"
import { learnAvatar } from "./avatar.js"
import { personalize } from "./content.js"
import { element } from "./element.js"
import { defaultPlace, focusNode } from "./focus.js"
import { fill, nameMessage, pendingMessage, showProgress, showTime, storedMessage } from "./message.js"

const GROUP_WITHIN = 5 * 60_000
const LINES_IN_A_ROW = 5

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

  // Shows a message as it is now. Answers "added", "changed", or null when there was nothing to do.
  apply(message, isLive) {
    const shown = this.#bySeq.get(message.seq)
    if (shown) {
      if (Number(shown.dataset.ver) >= message.ver) return null
      fill(shown, message)
      return "changed"
    }
    const article = this.#insert(message)
    if (!article.hasAttribute("data-arriving")) article.toggleAttribute("data-arriving", isLive && message.seq === this.lastSeq)
    return "added"
  }

  article(seq) {
    return this.#bySeq.get(seq)
  }

  // My newest message that is still there.
  lastMine() {
    return this.articles.findLast(({ dataset }) => dataset.userId === this.me.id && dataset.state === "stored")
  }

  insert(messages) {
    for (const message of messages) if (!this.#bySeq.has(message.seq)) this.#insert(message)
  }

  // A message on its way, new or in another state. Answers whether it is new here.
  progress(entry) {
    const shown = this.#pending.get(entry.clientId)
    if (shown) return showProgress(shown, entry)
    const article = pendingMessage(this.me, entry)
    article.dataset.mine = ""
    article.dataset.arriving = ""
    // In the order in which they were written, whichever window wrote them.
    const next = this.#nextPending(entry.order)
    this.#pending.set(entry.clientId, article)
    this.container.insertBefore(article, next ? this.#head(next) : this.container.querySelector(":scope > .newer"))
    this.#arrange(article)
    if (next) this.#arrange(next)
    return true
  }

  // It is stored; what the server made of it is still to come.
  settle(clientId) {
    const article = this.#pending.get(clientId)
    if (article) showProgress(article, { state: "stored" })
  }

  discard(clientId) {
    const article = this.#pending.get(clientId)
    if (!article) return
    this.#pending.delete(clientId)
    this.#remove(article)
  }

  // A quiet line, "Mei came in". A long row of them keeps only its end.
  line(id, username) {
    const lines = []
    for (let node = this.#end()?.previousElementSibling ?? this.container.lastElementChild; node?.matches(".arrival"); node = node.previousElementSibling) lines.push(node)
    if (lines.length >= LINES_IN_A_ROW) lines.at(-1).remove()
    this.container.insertBefore(element("p", { class: "arrival" }, nodes(id, { name: name(username) })), this.#end())
  }

  // The line between what the reader has seen and the message that has just come.
  markNew(seq) {
    this.clearNew()
    const article = this.#bySeq.get(seq)
    if (!article) return null
    this.#newLine = element("div", { class: "new" }, t("js-new"))
    article.before(this.#newLine)
    this.#arrange(article)
    return this.#newLine
  }

  clearNew() {
    const after = this.#newLine?.nextElementSibling
    this.#newLine?.remove()
    this.#newLine = null
    if (after?.matches(".message")) this.#arrange(after)
  }

  // Forgets the oldest, so that a window open for weeks stays light.
  trim(keep) {
    const seqs = [...this.#bySeq.keys()].sort((a, b) => a - b)
    for (const seq of seqs.slice(0, -keep)) {
      const article = this.#bySeq.get(seq)
      this.#bySeq.delete(seq)
      this.#remove(article)
    }
    this.container.querySelectorAll(":scope > .arrival").forEach(line => this.#before(line) || line.remove())
  }

  clear() {
    if (this.articles.some(article => article.contains(document.activeElement))) focusNode(defaultPlace())
    this.clearNew()
    for (const article of this.#bySeq.values()) this.#remove(article)
    this.#bySeq.clear()
    this.container.querySelectorAll(":scope > .arrival").forEach(line => line.remove())
  }

  nameDays() {
    for (const [article, line] of this.#days) line.textContent = dayName(new Date(article.dataset.createdAt))
  }

  #adopt() {
    this.container.querySelectorAll(":scope > .day").forEach(day => day.remove())
    for (const article of this.container.querySelectorAll(":scope > .message")) {
      this.#bySeq.set(Number(article.dataset.seq), article)
      learnAvatar(article.dataset.userId, article.querySelector(".avatar"))
      article.toggleAttribute("data-mine", article.dataset.userId === this.me.id)
      showTime(article)
      nameMessage(article)
      personalize(article)
      this.#arrange(article)
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
      fill(waiting, message)
    }
    article.toggleAttribute("data-mine", isMine)
    this.#bySeq.set(message.seq, article)
    this.#place(article, message.seq, last)
    this.#arrange(article)
    for (const next of new Set([after, this.#after(article)])) if (next) this.#arrange(next)
    return article
  }

  // Before what is on its way; or, when it is older than something shown, right before that.
  #place(article, seq, last) {
    let before = this.#end(article)
    if (seq < last) {
      const next = [...this.#bySeq.keys()].filter(other => other > seq).reduce((a, b) => Math.min(a, b))
      before = this.#head(this.#bySeq.get(next))
    }
    const here = this.#head(article)
    if (here.isConnected && article.nextElementSibling === before) return
    this.#days.get(article)?.remove()
    this.#days.delete(article)
    // Moving a node takes the focus from it.
    const focused = article.contains(document.activeElement) ? document.activeElement : null
    this.container.insertBefore(article, before)
    focused?.focus({ preventScroll: true })
  }

  // Sets the day line above a message, and whether it goes on from the one before.
  #arrange(article) {
    const date = new Date(article.dataset.createdAt)
    const previous = this.#before(article)
    const previousDate = previous && new Date(previous.dataset.createdAt)
    const isNewDay = !previous || dayOf(previousDate) !== dayOf(date)
    let line = this.#days.get(article)
    if (isNewDay && !line) {
      line = element("div", { class: "day" })
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
    const next = hadFocus && (after ?? this.#before(article) ?? defaultPlace())
    if (article.previousElementSibling === this.#newLine) this.clearNew()
    this.#days.get(article)?.remove()
    this.#days.delete(article)
    article.remove()
    if (next) focusNode(next)
    if (after) this.#arrange(after)
  }

  // Where what is on its way begins; or the lower end.
  #end(except = null) {
    const first = this.#nextPending(-1, except)
    return first ? this.#head(first) : this.container.querySelector(":scope > .newer")
  }

  // The earliest of those on their way that were written after something.
  #nextPending(order, except = null) {
    const later = [...this.#pending.values()].filter(article => article !== except && article.dataset.order > order)
    return later.sort((a, b) => a.dataset.order - b.dataset.order)[0]
  }

  // A message with the day line above it.
  #head(article) {
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
