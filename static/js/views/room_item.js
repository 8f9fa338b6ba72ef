// A sidebar item: the same as templates/rooms/_item.html.
import { displayName, roomName } from "../models/display_names.js"
import { language, name, plural, t } from "../models/strings.js"
import { fullTime, listTime } from "../models/times.js"
import { avatar } from "./avatar.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

const ICONS = { open: "hash", closed: "lock", direct: "message-circle" }
const shownState = new WeakMap()
const numbers = new Intl.NumberFormat(language)

export function roomItem(id) {
  return element("li", {}, element("a", { class: "rooms-item", href: `/rooms/${id}`, "data-room-id": id },
    element("span", { class: "rooms-text" }, name("", "rooms-name")),
    element("span", { class: "badge", hidden: true })))
}

// Updates an item; unchanged ones are skipped.
export function showRoom(item, room, preview, progress) {
  const { kind, unread, mentions, involvement, lastMessageAt } = room
  const key = [room.name, kind, unread, mentions, involvement, lastMessageAt, preview?.seq, preview?.text, progress].join("\n")
  if (shownState.get(item) === key) return
  shownState.set(item, key)
  const link = item.firstElementChild
  if (link.dataset.kind !== kind || !link.querySelector(".icon, .avatar")) {
    link.querySelector(".icon, .avatar")?.remove()
    link.prepend(icon(ICONS[kind]))
  }
  Object.assign(link.dataset, { kind, unread, involvement })
  const text = link.querySelector(".rooms-text")
  setText(text.querySelector(".rooms-name"), roomName(room))
  showTime(text, lastMessageAt)
  showPreview(text, preview, kind)
  showProgress(link, progress)
  showMention(link, mentions)
  showBadge(link.querySelector(".badge"), { unread, mentions, involvement })
}

// Whether the avatar of a conversation must be loaded.
export function needsAvatar(item, { kind, name }) {
  return kind === "direct" && !name.includes(", ") && !item.querySelector(".avatar")
}

export function showAvatar(item, person) {
  item.querySelector(".rooms-item > :is(.icon, .avatar)").replaceWith(avatar(person))
}

function showTime(text, lastMessageAt) {
  let time = text.querySelector(".rooms-time")
  if (!lastMessageAt) return time?.remove()
  if (!time) {
    time = element("time", { class: "rooms-time" })
    text.querySelector(".rooms-name").after(time)
  }
  const date = new Date(lastMessageAt)
  time.dateTime = lastMessageAt
  time.title = fullTime(date)
  setText(time, listTime(date))
}

function showPreview(text, preview, kind) {
  const line = text.querySelector(".rooms-preview")
  if (!preview?.text) return line?.remove()
  const node = line ?? text.appendChild(element("span", { class: "rooms-preview", dir: "auto" }))
  const content = preview.text.replace(/\s+/g, " ")
  if (preview.mine) setText(node, t("js-preview-own", { name: content }))
  else setText(node, kind === "direct" ? content : t("js-preview", { name: displayName(preview.author), date: content }))
}

// An own message is waiting or failed.
function showProgress(link, progress) {
  const mark = link.querySelector(".rooms-progress")
  if (mark?.dataset.progress === progress) return
  mark?.remove()
  if (!progress) return
  const label = t(`js-room-${progress}`)
  const symbol = icon(progress === "failed" ? "circle-alert" : "clock")
  link.querySelector(".rooms-text").after(element("span", { class: "rooms-progress", "data-progress": progress, title: label }, symbol, element("span", { class: "visually-hidden" }, ` ${label}`)))
}

function showMention(link, mentions) {
  const mark = link.querySelector(".rooms-mention")
  if (!mentions) return mark?.remove()
  if (mark) return
  const hidden = element("span", { class: "visually-hidden" }, ` ${t("js-mentioned")}`)
  link.querySelector(".badge").before(element("span", { class: "rooms-mention", title: t("js-mentioned") }, "@", hidden))
}

function showBadge(badge, { unread, mentions, involvement }) {
  const isQuiet = involvement === "nothing" || involvement === "hidden"
  badge.hidden = !unread || (isQuiet && !mentions)
  badge.classList.toggle("badge-mentions", mentions > 0)
  badge.classList.toggle("badge-quiet", mentions === 0 && involvement !== "everything")
  if (badge.dataset.count === String(unread)) return
  badge.dataset.count = unread
  badge.replaceChildren(element("span", { "aria-hidden": "true" }, numbers.format(unread)), element("span", { class: "visually-hidden" }, ` ${plural("js-unread", unread)}`))
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}
