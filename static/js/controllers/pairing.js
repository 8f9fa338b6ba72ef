import { Controller } from "./registry.js"

const POLL_INTERVAL = 1_500
const ENDS = new Set(["used", "refused", "over"])

// Pairing, on both devices: polls until the other device has done something, then shows the new state.
export default class Pairing extends Controller {
  connect() {
    this.proceed()
    this.on(document, "visibilitychange", () => document.hidden || !this.timer || this.poll())
  }

  disconnect() {
    this.stopPolling()
  }

  stopPolling() {
    clearTimeout(this.timer)
    this.timer = 0
  }

  // Signing in takes a form submit, so that a link alone signs in no one.
  proceed() {
    const enter = this.find("#pairing-enter")
    if (enter) enter.requestSubmit()
    else if (!ENDS.has(this.element.dataset.state)) this.timer = setTimeout(() => this.poll(), POLL_INTERVAL)
  }

  async poll() {
    this.stopPolling()
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.any([this.signal, AbortSignal.timeout(10_000)]) })
      const page = new DOMParser().parseFromString(await response.text(), "text/html")
      // Redirected when signed out meanwhile. Any other failure is retried.
      if (response.redirected) return location.reload()
      if (response.ok || response.status === 404) this.show(page.getElementById("pairing"))
    } catch {
      // Retried by the next poll.
    }
    if (!this.signal.aborted) this.proceed()
  }

  show(now) {
    if (!now || now.dataset.state === this.element.dataset.state) return
    const hadFocus = this.element.contains(document.activeElement)
    this.element.replaceChildren(...now.childNodes)
    this.element.dataset.state = now.dataset.state
    if (hadFocus) this.element.focus()
  }
}
