import { Controller } from "./registry.js"
import { connection } from "../models/connection.js"
import { outbox } from "../models/outbox.js"
import { store } from "../models/store.js"
import { StatusBar } from "../views/status_bar.js"

// Shows the state of the connection, whether unsent messages are saved, and that a new version is available.
export default class ConnectionStatus extends Controller {
  connect() {
    this.version = document.querySelector(".layout").dataset.version
    this.statusBar = new StatusBar(this.element, { onRetry: () => connection.wake(), onClaim: () => connection.claim() })
    this.on(connection, "state", this.state)
    this.on(connection, "retry", this.state)
    for (const type of ["online", "offline"]) this.on(window, type, this.state)
    this.on(connection, "frame:hello", ({ detail }) => this.hello(detail))
    this.on(outbox, "change", this.persistence)
    this.on(store, "saved", this.persistence)
  }

  disconnect() {
    this.statusBar.clear()
  }

  state() {
    if (connection.state === "online") this.statusBar.connected()
    else if (connection.state === "offline") this.statusBar.offline(connection)
  }

  persistence() {
    this.statusBar.setPersistent(outbox.isPersistent)
  }

  // Pages that don't state their version take that of the first hello.
  hello({ version }) {
    this.version ??= version
    if (version !== this.version) this.statusBar.updated(version)
  }
}
