// The way back to the newest message, with how many came meanwhile.
import { plural, t } from "../models/strings.js"

export class Pill {
  #count = 0

  constructor(button, go) {
    this.button = button
    this.text = button.querySelector(".pill-text")
    button.onclick = () => {
      const hadFocus = button.matches(":focus-visible")
      go()
      if (hadFocus) document.getElementById("log").focus({ preventScroll: true })
    }
  }

  count() {
    this.#count += 1
    this.#show(true)
  }

  // Without news it is only there when the end is far.
  offer(isFar) {
    if (this.#count === 0) this.#show(isFar)
  }

  clear() {
    this.#count = 0
    this.#show(false)
  }

  #show(visible) {
    this.button.hidden = !visible
    this.button.classList.toggle("pill-quiet", this.#count === 0)
    this.text.textContent = this.#count ? plural("js-new-messages", this.#count) : t("js-latest")
  }
}
