import { Controller } from "./registry.js"
import { lazy, afterStart } from "../models/lazy.js"
import { t } from "../models/strings.js"
import { toast } from "../views/toast.js"

const load = lazy(() => import("./leaving.js"))

// The form that signs out. What it asks is loaded after the start; a submission before that waits for it.
export default class Logout extends Controller {
  connect() {
    this.on(this.element, "submit", this.submitted)
    afterStart(() => load().catch(() => null))
  }

  disconnect() {
    this.leaving?.stop()
  }

  async submitted(event) {
    event.preventDefault()
    const loaded = await load().catch(() => null)
    if (!loaded) return toast(t("js-leave-unreachable"))
    if (!this.leaving) {
      this.leaving = new loaded.Leaving(this.element)
      this.leaving.connect()
    }
    this.leaving.begin()
  }
}
