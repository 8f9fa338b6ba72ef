// Read receipts: small avatars under the last message that each member has read.
import { language, t } from "../models/strings.js"
import { element } from "./element.js"

const MAX_PEOPLE = 20
const MAX_AVATARS = 5
const list = new Intl.ListFormat(language)

export class ReadReceipts {
  #people = new Map()
  #frame = 0

  constructor(transcript, me) {
    this.transcript = transcript
    this.me = me
  }

  // Takes the page's member elements; with more than 20 none are shown.
  setMembers(items) {
    if (items.length > MAX_PEOPLE) return this.#people.clear()
    for (const item of items) {
      const { userId, username, readSeq } = item.dataset
      if (userId === this.me.id || readSeq === undefined) continue
      const seq = Math.max(Number(readSeq), this.#people.get(userId)?.seq ?? 0)
      this.#people.set(userId, { userId, username, seq, avatar: item.querySelector(".avatar") })
    }
    this.show()
  }

  update({ id }, seq) {
    const person = this.#people.get(id)
    if (!person) return
    person.seq = seq
    this.show()
  }

  // The author of a message has read the one before.
  posted({ id }, seq) {
    const person = this.#people.get(id)
    if (person && person.seq === seq - 1) this.update({ id }, seq)
  }

  show() {
    if (this.#people.size === 0 || this.#frame) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#render()
    })
  }

  #render() {
    const articles = this.transcript.articles
    const byArticle = new Map()
    for (const person of this.#people.values()) {
      const article = articles.findLast(({ dataset }) => Number(dataset.seq) <= person.seq)
      const isOwn = article?.dataset.userId === person.userId
      if (article && !isOwn) byArticle.set(article, [...(byArticle.get(article) ?? []), person])
    }
    for (const row of this.transcript.container.querySelectorAll(".read-receipts")) if (!byArticle.has(row.parentElement)) row.remove()
    for (const [article, people] of byArticle) this.#fill(article, people)
  }

  #fill(article, people) {
    const label = t("js-read-by", { name: list.format(people.map(({ username }) => username)) })
    let row = article.querySelector(".read-receipts")
    if (row?.title === label) return
    row ??= article.appendChild(element("div", { class: "read-receipts", role: "img", "aria-live": "off" }))
    row.title = label
    row.setAttribute("aria-label", label)
    const more = people.length > MAX_AVATARS ? [element("span", { class: "read-receipts-more" }, `+${people.length - MAX_AVATARS}`)] : []
    row.replaceChildren(...people.slice(0, MAX_AVATARS).map(({ avatar }) => avatar.cloneNode(true)), ...more)
  }
}
