import { Controller } from "./registry.js"
import { lazy, afterStart } from "../models/lazy.js"
import { t } from "../models/strings.js"
import { toast } from "../views/toast.js"

const load = lazy(() => import("./sign_out_dialog.js"))

// The sign-out form. Its dialog is loaded after the start; a submit before that waits for it.
export default class Logout extends Controller {
  connect() {
    this.on(this.element, "submit", this.submitted)
    afterStart(() => load().catch(() => null))
  }

  disconnect() {
    this.dialog?.stop()
  }

  async submitted(event) {
    event.preventDefault()
    const loaded = await load().catch(() => null)
    if (!loaded) return toast(t("js-sign-out-unreachable"))
    if (!this.dialog) {
      this.dialog = new loaded.SignOutDialog(this.element)
      this.dialog.connect()
    }
    this.dialog.begin()
  }
}
