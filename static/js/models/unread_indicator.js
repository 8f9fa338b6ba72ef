// Shows unread messages in the title and the favicon.
import { language, t } from "./strings.js"

const numbers = new Intl.NumberFormat(language)

export class UnreadIndicator {
  #icon = document.querySelector('link[rel="icon"]')
  title = document.title

  // Rooms count by their notification level; the current room always counts.
  update(rooms, currentRoom) {
    const count = rooms.reduce((sum, room) => sum + countOf(room, currentRoom), 0)
    const isUnread = count > 0 || rooms.some(({ unread, involvement }) => unread > 0 && involvement === "mentions")
    this.#show(count, isUnread)
  }

  #show(count, isUnread) {
    const id = count > 0 ? "js-title-unread" : isUnread ? "js-title-quiet" : null
    const title = id ? t(id, { count: numbers.format(count), name: this.title }) : this.title
    if (document.title !== title) document.title = title
    const icon = isUnread ? "favicon-unread.svg" : "favicon.svg"
    if (this.#icon && !this.#icon.href.endsWith(icon)) this.#icon.href = this.#icon.href.replace(/favicon(-unread)?\.svg$/, icon)
  }
}

function countOf({ id, unread, mentions, involvement }, currentRoom) {
  if (id === currentRoom || involvement === "everything") return unread
  return involvement === "mentions" ? mentions : 0
}
