import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { lazy, afterStart } from "../models/lazy.js"
import { outbox } from "../models/outbox.js"
import { store } from "../models/store.js"

const load = lazy(() => import("../views/notice.js"))

// What a person must know about the connection, about what is kept, and about a newer program.
export default class ConnectionNotice extends Controller {
  connect() {
    this.version = document.querySelector(".frame").dataset.version
    this.on(connection, "state", this.state)
    this.on(connection, "retry", this.state)
    for (const type of ["online", "offline"]) this.on(window, type, this.state)
    this.on(connection, "frame:hello", ({ detail }) => this.hello(detail))
    this.on(outbox, "change", this.keeping)
    this.on(store, "kept", this.keeping)
    afterStart(() => this.load())
  }

  disconnect() {
    this.notice?.clear()
  }

  // Tells what has happened before the view was there; while it cannot be loaded, the next event tries again.
  async load() {
    const loaded = await load().catch(() => null)
    if (!loaded || this.notice || this.signal.aborted) return
    this.notice = new loaded.Notice(this.element, { retry: () => connection.wake(), claim: () => connection.claim() })
    this.keeping()
    this.state()
    if (this.newer) this.notice.updated(this.newer)
  }

  state() {
    if (!this.notice) return connection.state === "offline" && this.load()
    if (connection.state === "online") this.notice.connected()
    else if (connection.state === "offline") this.notice.offline(connection)
  }

  keeping() {
    this.notice?.keeps(outbox.isLasting)
  }

  // A page that does not say its version has that of the first greeting.
  hello({ version }) {
    this.version ??= version
    if (version === this.version) return
    this.newer = version
    this.notice?.updated(version)
  }
}
