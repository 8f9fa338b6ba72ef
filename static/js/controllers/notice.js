import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { outbox } from "../models/outbox.js"
import { store } from "../models/store.js"
import { Notice } from "../views/notice.js"

// What a person must know about the connection, about what is kept, and about a newer program.
export default class ConnectionNotice extends Controller {
  connect() {
    this.version = document.querySelector(".frame").dataset.version
    this.notice = new Notice(this.element, { retry: () => connection.wake(), claim: () => connection.claim() })
    this.on(connection, "state", this.state)
    this.on(connection, "retry", this.state)
    for (const type of ["online", "offline"]) this.on(window, type, this.state)
    this.on(connection, "frame:hello", ({ detail }) => this.hello(detail))
    this.on(outbox, "change", this.keeping)
    this.on(store, "kept", this.keeping)
  }

  disconnect() {
    this.notice.clear()
  }

  state() {
    if (connection.state === "online") this.notice.connected()
    else if (connection.state === "offline") this.notice.offline(connection)
  }

  keeping() {
    this.notice.keeps(outbox.isLasting)
  }

  // A page that does not say its version has that of the first greeting.
  hello({ version }) {
    this.version ??= version
    if (version !== this.version) this.notice.updated(version)
  }
}
