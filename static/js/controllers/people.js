import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { Presence } from "../models/presence.js"
import { language, name, plural, t } from "../models/strings.js"
import { avatar } from "../views/avatar.js"
import { element } from "../views/element.js"

// Who is here now, in a panel. Tells "people:moved" with an id of a sentence and a name when somebody comes or goes.
export default class People extends Controller {
  connect() {
    this.me = document.body.dataset.userId
    this.presence = new Presence(this.me)
    this.room = document.querySelector("[data-room-id]").dataset.roomId
    this.toggle = document.getElementById("people-toggle")
    this.list = this.find("#people-list")
    this.note = this.find("#people-note")
    this.noteText = this.note.textContent
    this.on(connection, "frame:presence", ({ detail }) => detail.roomId === this.room && this.update(detail))
    this.on(connection, "state", () => connection.state !== "online" && this.presence.forget())
    this.on(this.toggle, "click", () => this.open(this.element.hidden))
    this.on(this.find(".people-close"), "click", () => this.open(false))
    this.on(this.element, "keydown", event => event.key === "Escape" && this.open(false))
  }

  disconnect() {
    this.toggle.hidden = true
    this.element.hidden = true
  }

  open(wanted) {
    this.element.hidden = !wanted
    this.toggle.setAttribute("aria-expanded", wanted)
    ;(wanted ? this.find(".people-close") : this.toggle).focus()
  }

  update(frame) {
    const { came, left } = this.presence.update(frame)
    came.forEach(({ username }) => this.tell("people:moved", { id: "js-came-in", username }))
    left.forEach(({ username }) => this.tell("people:moved", { id: "js-left", username }))
    this.render()
  }

  render() {
    const { people, count, isCrowd } = this.presence
    this.toggle.hidden = false
    this.toggle.querySelector(".people-count").textContent = plural("js-here", count)
    this.toggle.title = plural("js-people-open", count)
    this.list.replaceChildren(...this.sorted(people).map(person => this.item(person)))
    this.note.hidden = !isCrowd && people.some(({ user }) => user.id !== this.me)
    this.note.textContent = isCrowd ? plural("js-people-many", count) : this.noteText
  }

  // Myself first, then whoever is at their window, by name.
  sorted(people) {
    const { compare } = new Intl.Collator(language)
    const rank = ({ user, state }) => (user.id === this.me ? 0 : state === "online" ? 1 : 2)
    return people.sort((a, b) => rank(a) - rank(b) || compare(a.user.username, b.user.username))
  }

  item({ user, state }) {
    const side = [user.id === this.me && t("js-you"), state === "away" && t("js-away")].filter(Boolean).join(" · ")
    return element("li", { class: "people-item", "data-user-id": user.id, "data-state": state },
      element("span", { class: "people-avatar" }, avatar(user)),
      name(user.username, "people-name"),
      element("span", { class: "people-side" }, side))
  }
}
