import { Controller } from "./registry.js"
import { shrunk } from "../models/shrinking.js"
import { element } from "../views/element.js"

// The form with which a picture is chosen: shows it before it is sent, and makes a large photograph small.
export default class Picture extends Controller {
  connect() {
    this.input = this.find("input[type=file]")
    this.button = this.find("button")
    this.face = this.element.closest(".picture").querySelector(".avatar")
    this.on(this.input, "change", this.chosen)
    this.on(this.element, "submit", this.submitted)
    // Chosen before this was here.
    this.chosen()
  }

  disconnect() {
    URL.revokeObjectURL(this.address)
  }

  async chosen() {
    const [file] = this.input.files
    if (!file) return
    this.work = this.take(file)
    await this.work
    this.work = null
  }

  async take(file) {
    const small = await shrunk(file, Number(this.element.dataset.maxBytes))
    if (this.input.files[0] !== file) return
    if (small) {
      const carrier = new DataTransfer()
      carrier.items.add(small)
      this.input.files = carrier.files
    }
    this.show(small ?? file)
  }

  show(file) {
    URL.revokeObjectURL(this.address)
    this.address = URL.createObjectURL(file)
    const picture = element("img", { src: this.address, alt: "" })
    this.on(picture, "load", () => {
      this.face.querySelector("img")?.remove()
      this.face.append(picture)
    })
  }

  // What is still being made small is waited for.
  async submitted(event) {
    this.button.disabled = true
    if (!this.work) return
    event.preventDefault()
    await this.work
    this.element.submit()
  }
}
