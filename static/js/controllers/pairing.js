import { Controller } from "./registry.js"

const PAUSE = 1_500
const ENDS = new Set(["used", "refused", "over"])

// Signing in another device, as both of them see it: drawn anew as soon as the other one has done something.
export default class Pairing extends Controller {
  connect() {
    this.goOn()
    this.on(document, "visibilitychange", () => document.hidden || !this.timer || this.look())
  }

  disconnect() {
    this.rest()
  }

  rest() {
    clearTimeout(this.timer)
    this.timer = 0
  }

  // Whoever was let in comes in by a form: a link alone lets nobody in.
  goOn() {
    const enter = this.find("#pairing-enter")
    if (enter) enter.requestSubmit()
    else if (!ENDS.has(this.element.dataset.state)) this.timer = setTimeout(() => this.look(), PAUSE)
  }

  async look() {
    this.rest()
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.any([this.signal, AbortSignal.timeout(10_000)]) })
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      // Whoever was signed out meanwhile is shown where to sign in; a failure is not the end.
      if (answer.redirected) return location.reload()
      if (answer.ok || answer.status === 404) this.show(page.getElementById("pairing"))
    } catch {
      // The next look will tell.
    }
    if (!this.signal.aborted) this.goOn()
  }

  show(now) {
    if (!now || now.dataset.state === this.element.dataset.state) return
    const hadFocus = this.element.contains(document.activeElement)
    this.element.replaceChildren(...now.childNodes)
    this.element.dataset.state = now.dataset.state
    if (hadFocus) this.element.focus()
  }
}
