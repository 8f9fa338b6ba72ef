// Tells a person who looks elsewhere that something was said: in the title and on the icon.
import { language, t } from "./strings.js"

const numbers = new Intl.NumberFormat(language)

export class Attention {
  #icon = document.querySelector('link[rel="icon"]')
  title = document.title

  // Rooms count by what matters to me there; the one in this window always does.
  update(rooms, here) {
    const count = rooms.reduce((sum, room) => sum + weight(room, here), 0)
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

function weight({ id, unread, mentions, involvement }, here) {
  if (id === here || involvement === "everything") return unread
  return involvement === "mentions" ? mentions : 0
}
