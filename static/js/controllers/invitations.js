import { Controller } from "./registry.js"
import { invitations } from "../models/invitations.js"

// The page of pending invitations: shows those that come while it is open, and drops those that are over.
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
      const answer = await fetch("/invitations", { headers: { Accept: "text/html" } })
      if (!answer.ok) return
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      const fresh = page.getElementById("invitations")
      if (!fresh) return
      const hadFocus = this.element.contains(document.activeElement)
      this.element.replaceChildren(...document.importNode(fresh, true).childNodes)
      if (hadFocus) this.element.focus({ preventScroll: true })
    } catch {
      // The next change or visit shows them.
    }
  }
}
