import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { roomName } from "../models/display_names.js"
import { Presence } from "../models/presence.js"
import { language, name, plural, t } from "../models/strings.js"
import { dayName, shortTime } from "../models/times.js"
import { avatar } from "../views/avatar.js"
import { element } from "../views/element.js"
import { preserveFocus } from "../views/focus.js"
import { directForm } from "../views/start_direct.js"

const REFRESH_INTERVAL = 3_000
const NOTE_DURATION = 10_000

// The panel of a room: members, presence and settings. Events: "people:moved" with a text's key and a name when
// someone joins or leaves, "people:listed" with the member elements, "people:jump" with a date.
export default class RoomPanel extends Controller {
  connect() {
    const { roomId, lobby, kind, lastSeen } = document.querySelector(".layout").dataset
    this.lastSeen = lastSeen ? new Date(lastSeen) : null
    Object.assign(this, { room: roomId, isLobby: lobby === "true", isDirect: kind === "direct", me: document.body.dataset.userId })
    this.presence = new Presence(this.me)
    this.toggle = document.getElementById("people-toggle")
    this.on(connection, "frame:presence", ({ detail }) => detail.roomId === this.room && this.update(detail))
    this.on(connection, "frame:room", ({ detail }) => detail.room.id === this.room && this.changed(detail.room))
    this.on(connection, "state", () => connection.state !== "online" && this.presence.clear())
    this.on(this.toggle, "click", this.toggled)
    this.on(this.element, "click", this.clicked)
    this.on(this.element, "submit", this.submitted)
    this.on(this.element, "keydown", event => event.key === "Escape" && this.open(false))
    this.on(this.element, "keydown", event => event.key === " " && event.target.matches(".people-close") && this.clicked(event))
    this.on(this.toggle, "keydown", event => event.key === " " && this.toggled(event))
    if (location.hash === "#people") this.open(true, false)
    this.toggle.setAttribute("aria-expanded", this.isOpen)
    this.find("#jump").hidden = false
    if (this.find("#member-told")) this.expireInviteNote()
    if (connection.presence?.roomId === this.room) this.update(connection.presence)
  }

  disconnect() {
    clearTimeout(this.noteTimer)
  }

  // The result of an invitation is shown for a while, and not again after a reload.
  expireInviteNote() {
    const url = new URL(location)
    url.searchParams.delete("member")
    history.replaceState(history.state, "", url)
    this.noteTimer = setTimeout(() => {
      this.find("#member-told")?.remove()
      this.refresh(true)
    }, NOTE_DURATION)
  }

  get isOpen() {
    return this.element.hasAttribute("data-open")
  }

  toggled(event) {
    event.preventDefault()
    this.open(!this.isOpen)
  }

  clicked(event) {
    if (!event.target.closest(".people-close")) return
    event.preventDefault()
    this.open(false)
  }

  open(wanted, mayFocus = true) {
    this.element.toggleAttribute("data-open", wanted)
    this.toggle.setAttribute("aria-expanded", wanted)
    if (!wanted && location.hash === "#people") location.hash = "#room"
    if (wanted) this.refresh()
    if (mayFocus) (wanted ? this.find(".people-close") : this.toggle).focus()
  }

  submitted(event) {
    if (!event.target.matches("#jump")) return
    event.preventDefault()
    const [year, month, day] = this.find("#jump-date").value.split("-").map(Number)
    if (innerWidth < 1180) this.open(false)
    this.tell("people:jump", new Date(year, month - 1, day))
  }

  update(frame) {
    const { joined, left } = this.presence.update(frame)
    joined.forEach(({ username }) => this.tell("people:moved", { id: "js-joined", username }))
    left.forEach(({ username }) => this.tell("people:moved", { id: "js-left", username }))
    this.render()
  }

  // Name, topic, kind or members of the room changed.
  changed(room) {
    const title = document.querySelector(".room-title h1 bdi")
    const before = title.textContent
    const shown = roomName(room)
    if (before !== shown) {
      title.textContent = shown
      this.find("#people-heading bdi").textContent = shown
      const base = document.title.replace(/^(\([^)]*\)|•) /, "")
      this.tell("room:renamed", base.replace(before, () => shown))
    }
    let topic = document.querySelector(".room-topic:not(#room-presence)")
    if (!topic && room.topic) {
      topic = element("p", { class: "room-topic", dir: "auto" })
      document.querySelector(".room-title").append(topic)
    }
    if (topic && topic.textContent !== room.topic) topic.textContent = room.topic
    this.refresh(true)
  }

  // Replaces the panel with the server's current version, unless a form in it is in use.
  async refresh(isChanged = false) {
    if (!isChanged && Date.now() - (this.refreshedAt ?? 0) < REFRESH_INTERVAL) return
    this.refreshedAt = Date.now()
    if (this.find("details[open], .field-error, #member-told") || this.element.contains(document.activeElement) && document.activeElement.matches("input, select")) return
    try {
      const response = await fetch(`/rooms/${this.room}`, { headers: { Accept: "text/html" } })
      if (!response.ok) return
      const page = new DOMParser().parseFromString(await response.text(), "text/html")
      const [fresh, panel] = [page.getElementById("panel"), this.find("#panel")]
      if (!fresh || panel.contains(document.activeElement) && document.activeElement.matches("input, select")) return
      preserveFocus(panel, () => {
        panel.replaceChildren(...document.importNode(fresh, true).childNodes)
        this.find("#jump").hidden = false
        this.render()
      }, this.find(".people-close"))
    } catch {
      // Retried at the next change.
    }
  }

  get list() {
    return this.find("#people-list")
  }

  render() {
    const { people, count, isCountOnly } = this.presence
    this.toggle.querySelector(".people-count").textContent = plural("js-online-count", count)
    const show = () => {
      if (this.isLobby) this.list.replaceChildren(...this.sorted(people).map(person => this.item(person)))
      else this.showStates(people)
    }
    preserveFocus(this.list, show, this.find(".people-close"))
    const note = this.find("#people-note")
    note.hidden = !isCountOnly
    if (isCountOnly) note.textContent = plural("js-people-many", count)
    this.showOtherPresence()
  }

  showStates(people) {
    const states = new Map(people.map(({ user, state }) => [user.id, state]))
    const items = [...this.list.children]
    for (const item of items) {
      const state = states.get(item.dataset.userId) ?? "offline"
      item.dataset.state = state
      item.querySelector(".people-status").textContent = this.statusText(item.dataset.userId, state)
    }
    const rank = { online: 0, away: 1, offline: 2 }
    this.list.append(...items.sort((a, b) => rank[a.dataset.state] - rank[b.dataset.state]))
    this.tell("people:listed", items)
    const known = new Set(items.map(({ dataset }) => dataset.userId))
    if (people.some(({ user }) => !known.has(user.id))) this.refresh()
  }

  // Shows the other person's presence under the title of a conversation of two.
  showOtherPresence() {
    const others = [...this.list.children].filter(({ dataset }) => dataset.userId !== this.me)
    if (!this.isDirect || others.length !== 1) return
    const line = document.getElementById("room-presence") ?? element("p", { class: "room-topic", id: "room-presence" })
    if (!line.isConnected) document.querySelector(".room-title").append(line)
    const { state } = others[0].dataset
    // They went offline just now.
    if (state === "offline" && line.dataset.state && line.dataset.state !== "offline") this.lastSeen = new Date()
    line.dataset.state = state
    line.textContent = this.presenceText(state)
  }

  presenceText(state) {
    if (state === "offline" && this.lastSeen) return t("js-last-seen", { date: dayName(this.lastSeen), time: shortTime(this.lastSeen) })
    return t({ online: "js-online", away: "js-away", offline: "js-offline" }[state])
  }

  // Myself first, then who is online, by name.
  sorted(people) {
    const { compare } = new Intl.Collator(language)
    const rank = ({ user, state }) => (user.id === this.me ? 0 : state === "online" ? 1 : 2)
    return people.sort((a, b) => rank(a) - rank(b) || compare(a.user.username, b.user.username))
  }

  statusText(userId, state) {
    const words = [userId === this.me && t("js-you"), state === "away" && t("js-away"), state === "offline" && t("js-offline")]
    return words.filter(Boolean).join(" · ")
  }

  item({ user, state }) {
    return element("li", { class: "people-item", "data-user-id": user.id, "data-state": state },
      element("span", { class: "people-avatar" }, avatar(user)),
      name(user.username, "people-name"),
      element("span", { class: "people-status" }, this.statusText(user.id, state)),
      ...(user.id === this.me ? [] : [directForm(user.username)]))
  }
}
