import { Controller } from "./registry.js"
import { invitations } from "../models/invitations.js"

// The page of pending invitations: reloads its list when they change.
export default class InvitationsPage extends Controller {
  connect() {
    this.on(invitations, "change", this.change)
  }

  change() {
    const shown = [...this.element.querySelectorAll("[data-invitation-id]")].map(({ dataset }) => dataset.invitationId)
    if (shown.length === invitations.count && shown.every(id => invitations.has(id))) return
    this.refresh()
  }

  async refresh() {
    try {
      const response = await fetch("/invitations", { headers: { Accept: "text/html" } })
      if (!response.ok) return
      const page = new DOMParser().parseFromString(await response.text(), "text/html")
      const fresh = page.getElementById("invitations")
      if (!fresh) return
      const hadFocus = this.element.contains(document.activeElement)
      this.element.replaceChildren(...document.importNode(fresh, true).childNodes)
      if (hadFocus) this.element.focus({ preventScroll: true })
    } catch {
      // Retried at the next change.
    }
  }
}
