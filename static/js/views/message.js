// Message elements: the same as templates/rooms/_message.html, and the states of unsent messages.
import { displayName } from "../models/display_names.js"
import { name, t } from "../models/strings.js"
import { fullTime, shortTime } from "../models/times.js"
import { avatar } from "./avatar.js"
import { contentNodes, plainNodes } from "./content.js"
import { element } from "./element.js"
import { focusNode } from "./focus.js"
import { icon } from "./icon.js"

export function storedMessage(message) {
  const article = createArticle(message.user, message.createdAt)
  updateArticle(article, message)
  return article
}

// Updates an element, perhaps of a pending message, to the server's version.
export function updateArticle(article, message) {
  const { seq, ver, id, clientId, user, html, createdAt, editedAt, deletedAt } = message
  const hadFocus = article.contains(document.activeElement)
  article.id = `message-${seq}`
  delete article.dataset.progress
  delete article.dataset.order
  Object.assign(article.dataset, { seq, ver, id, clientId, createdAt, userId: user.id, state: deletedAt ? "deleted" : "stored" })
  article.querySelector(".message-author").textContent = displayName(user.username)
  showTime(article)
  const body = article.querySelector(".message-body")
  const content = deletedAt ? deletedText() : contentNodes(html)
  const fresh = element("div")
  fresh.append(content)
  // Unchanged content stays, so that screen readers don't repeat it.
  if (fresh.innerHTML !== body.innerHTML) body.replaceChildren(...fresh.childNodes)
  article.querySelectorAll(".message-status, .message-edited").forEach(part => part.remove())
  if (editedAt && !deletedAt) article.append(element("small", { class: "message-edited" }, t("js-edited")))
  nameMessage(article)
  if (hadFocus && !article.contains(document.activeElement)) focusNode(article)
}

// Accessible name: author, time and text.
export function nameMessage(article) {
  const parts = ["author", "time", "body"].map(part => [article.querySelector(`.message-${part}`), `${article.id}-${part}`])
  for (const [part, id] of parts) part.id = id
  article.setAttribute("aria-labelledby", parts.map(([, id]) => id).join(" "))
}

export function pendingMessage(user, entry) {
  const article = createArticle(user, entry.createdAt)
  article.id = `message-${entry.clientId}`
  article.dataset.clientId = entry.clientId
  article.dataset.userId = user.id
  article.dataset.createdAt = entry.createdAt
  article.dataset.order = entry.order
  article.querySelector(".message-body").append(plainNodes(entry.content))
  showTime(article)
  nameMessage(article)
  showProgress(article, entry)
  return article
}

// waiting and sending look "pending"; stored looks final already.
export function showProgress(article, { state, code, reason }) {
  const wasPending = article.dataset.state === "pending"
  const isPending = state === "waiting" || state === "sending"
  Object.assign(article.dataset, { progress: state, state: isPending ? "pending" : state })
  if (isPending && wasPending) return nameProgress(article.querySelector(".message-status"), state)
  const before = article.querySelector(".message-status")
  const hadFocus = before?.contains(document.activeElement)
  before?.remove()
  if (hadFocus) focusNode(article)
  if (isPending) article.append(nameProgress(element("div", { class: "message-status", "aria-live": "off" }, icon("clock"), element("span", { class: "visually-hidden" })), state))
  else if (state === "failed") article.append(failure(code, reason))
}

function nameProgress(status, state) {
  status.title = status.lastElementChild.textContent = t(state === "sending" ? "js-sending" : "js-waiting")
  return status
}

function failure(code, reason) {
  const text = code === "blocked" ? reason : [t("js-not-sent"), reason].filter(Boolean).join(" ")
  const actions = { retry: "js-try-again", copy: "js-copy", discard: "js-discard" }
  const buttons = Object.entries(actions).map(([action, id]) => element("button", { class: "button-link", type: "button", "data-action": action }, t(id)))
  return element("div", { class: "message-status" }, icon("circle-alert"), element("span", { class: "message-failure" }, text), ...buttons)
}

// The server renders UTC.
export function showTime(article) {
  const date = new Date(article.dataset.createdAt)
  const time = article.querySelector(".message-time")
  time.dateTime = article.dataset.createdAt
  time.textContent = shortTime(date)
  time.title = fullTime(date)
}

function createArticle(user, createdAt) {
  const time = element("time", { class: "message-time", datetime: createdAt })
  return element("article", { class: "message" },
    avatar(user),
    element("header", { class: "message-head" }, name(displayName(user.username), "message-author"), " ", time),
    element("div", { class: "message-body", dir: "auto" }))
}

function deletedText() {
  return element("em", { class: "message-deleted" }, t("js-deleted"))
}
