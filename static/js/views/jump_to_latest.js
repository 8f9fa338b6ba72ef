// The button to the newest message, with the number of new ones.
import { plural, t } from "../models/strings.js"

export class JumpToLatest {
  #count = 0

  constructor(button, onClick) {
    this.button = button
    this.text = button.querySelector(".jump-to-latest-text")
    button.onclick = () => {
      const hadFocus = button.matches(":focus-visible")
      onClick()
      if (hadFocus) document.getElementById("log").focus({ preventScroll: true })
    }
  }

  addNew() {
    this.#count += 1
    this.#show(true)
  }

  // Without new messages it shows only far from the end.
  setFar(isFar) {
    if (this.#count === 0) this.#show(isFar)
  }

  clear() {
    this.#count = 0
    this.#show(false)
  }

  #show(visible) {
    this.button.hidden = !visible
    this.button.classList.toggle("jump-to-latest-quiet", this.#count === 0)
    this.text.textContent = this.#count ? plural("js-new-messages", this.#count) : t("js-jump-to-latest")
  }
}
