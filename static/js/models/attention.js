// Tells a person who looks elsewhere that something was said: in the title and on the icon.
import { language, t } from "./strings.js"

const numbers = new Intl.NumberFormat(language)

export class Attention {
  #title = document.title
  #icon = document.querySelector('link[rel="icon"]')
  #count = 0

  // Answers whether this is the first message they have not seen.
  missed() {
    this.#count += 1
    this.#show()
    return this.#count === 1
  }

  back() {
    if (this.#count === 0) return
    this.#count = 0
    this.#show()
  }

  #show() {
    const missed = this.#count > 0
    document.title = missed ? t("js-title-unread", { count: numbers.format(this.#count), name: this.#title }) : this.#title
    if (this.#icon) this.#icon.href = this.#icon.href.replace(/favicon(-unread)?\.svg$/, missed ? "favicon-unread.svg" : "favicon.svg")
  }
}
