// Who has read up to where: small faces under the last message each person has read.
import { language, t } from "../models/strings.js"
import { element } from "./element.js"

const PEOPLE = 20
const FACES = 5
const list = new Intl.ListFormat(language)

export class Seen {
  #people = new Map()
  #frame = 0

  constructor(transcript, me) {
    this.transcript = transcript
    this.me = me
  }

  // Takes the members that the page lists; of more than 20 nothing is shown.
  learn(items) {
    if (items.length > PEOPLE) return this.#people.clear()
    for (const item of items) {
      const { userId, username, readSeq } = item.dataset
      if (userId === this.me.id || readSeq === undefined) continue
      const seq = Math.max(Number(readSeq), this.#people.get(userId)?.seq ?? 0)
      this.#people.set(userId, { userId, username, seq, face: item.querySelector(".avatar") })
    }
    this.show()
  }

  moved({ id }, seq) {
    const person = this.#people.get(id)
    if (!person) return
    person.seq = seq
    this.show()
  }

  // Whoever says something has read what is before it.
  said({ id }, seq) {
    const person = this.#people.get(id)
    if (person && person.seq === seq - 1) this.moved({ id }, seq)
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
    for (const row of this.transcript.container.querySelectorAll(".message-seen")) if (!byArticle.has(row.parentElement)) row.remove()
    for (const [article, people] of byArticle) this.#fill(article, people)
  }

  #fill(article, people) {
    const label = t("js-read-by", { name: list.format(people.map(({ username }) => username)) })
    let row = article.querySelector(".message-seen")
    if (row?.title === label) return
    row ??= article.appendChild(element("div", { class: "message-seen", role: "img", "aria-live": "off" }))
    row.title = label
    row.setAttribute("aria-label", label)
    const more = people.length > FACES ? [element("span", { class: "message-seen-more" }, `+${people.length - FACES}`)] : []
    row.replaceChildren(...people.slice(0, FACES).map(({ face }) => face.cloneNode(true)), ...more)
  }
}
