// One message: the same article as templates/rooms/_message.html, and what it is while on its way.
import { shownName } from "../models/names.js"
import { name, t } from "../models/strings.js"
import { fullTime, shortTime } from "../models/times.js"
import { avatar } from "./avatar.js"
import { contentNodes, plainNodes } from "./content.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

export function storedMessage(message) {
  const article = frame(message.user, message.createdAt)
  fill(article, message)
  return article
}

// Makes an article, perhaps one that was on its way, what the server says it is now.
export function fill(article, message) {
  const { seq, ver, id, clientId, user, html, createdAt, editedAt, deletedAt } = message
  article.id = `message-${seq}`
  Object.assign(article.dataset, { seq, ver, id, clientId, createdAt, userId: user.id, state: deletedAt ? "deleted" : "stored" })
  article.querySelector(".message-author").textContent = shownName(user.username)
  showTime(article)
  const body = article.querySelector(".message-body")
  const content = deletedAt ? gone() : contentNodes(html)
  const fresh = element("div")
  fresh.append(content)
  // What is the same stays, so that it is not read out again.
  if (fresh.innerHTML !== body.innerHTML) body.replaceChildren(...fresh.childNodes)
  article.querySelectorAll(".message-status, .message-edited").forEach(part => part.remove())
  if (editedAt && !deletedAt) article.append(element("small", { class: "message-edited" }, t("js-edited")))
}

export function pendingMessage(user, entry) {
  const article = frame(user, entry.createdAt)
  article.dataset.clientId = entry.clientId
  article.dataset.userId = user.id
  article.dataset.createdAt = entry.createdAt
  article.querySelector(".message-body").append(plainNodes(entry.content))
  showTime(article)
  showProgress(article, entry)
  return article
}

// queued and sent are "pending" to the reader; stored waits for its own frame and looks settled already.
export function showProgress(article, entry) {
  const state = { queued: "pending", sent: "pending" }[entry.state] ?? entry.state
  if (article.dataset.state === state && state === "pending") return
  article.dataset.state = state
  article.querySelector(".message-status")?.remove()
  if (state === "pending") {
    const label = element("span", { class: "visually-hidden" }, t("js-sending"))
    article.append(element("div", { class: "message-status" }, icon("clock"), label))
  } else if (state === "failed") {
    const again = element("button", { class: "button-link", type: "button", "data-action": "retry" }, t("js-try-again"))
    const discard = element("button", { class: "button-link", type: "button", "data-action": "discard" }, t("js-discard"))
    const text = element("span", {}, entry.unconfirmed || entry.saysAll ? entry.reason : [t("js-not-sent"), entry.reason].filter(Boolean).join(" "))
    article.append(element("div", { class: "message-status" }, icon("circle-alert"), text, again, discard))
  }
}

// The server writes UTC; the reader has a clock of their own.
export function showTime(article) {
  const date = new Date(article.dataset.createdAt)
  const time = article.querySelector(".message-time")
  time.dateTime = article.dataset.createdAt
  time.textContent = shortTime(date)
  time.title = fullTime(date)
}

function frame(user, createdAt) {
  const time = element("time", { class: "message-time", datetime: createdAt })
  return element("article", { class: "message" },
    avatar(user),
    element("header", { class: "message-head" }, name(shownName(user.username), "message-author"), " ", time),
    element("div", { class: "message-body", dir: "auto" }))
}

function gone() {
  return element("em", { class: "message-gone" }, t("js-deleted"))
}
