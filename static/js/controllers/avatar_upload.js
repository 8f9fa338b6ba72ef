import { Controller } from "./registry.js"
import { resizeImage } from "../models/image_resize.js"
import { element } from "../views/element.js"

// The avatar form: previews the chosen picture and shrinks a large one before the upload.
export default class AvatarUpload extends Controller {
  connect() {
    this.input = this.find("input[type=file]")
    this.button = this.find("button")
    this.avatar = this.element.closest(".avatar-editor").querySelector(".avatar")
    this.on(this.input, "change", this.chosen)
    this.on(this.element, "submit", this.submitted)
    // A file may have been chosen before this script was loaded.
    this.chosen()
  }

  disconnect() {
    URL.revokeObjectURL(this.objectUrl)
  }

  async chosen() {
    const [file] = this.input.files
    if (!file) return
    this.work = this.resize(file)
    await this.work
    this.work = null
  }

  async resize(file) {
    const small = await resizeImage(file, Number(this.element.dataset.maxBytes))
    if (this.input.files[0] !== file) return
    if (small) {
      const transfer = new DataTransfer()
      transfer.items.add(small)
      this.input.files = transfer.files
    }
    this.show(small ?? file)
  }

  show(file) {
    URL.revokeObjectURL(this.objectUrl)
    this.objectUrl = URL.createObjectURL(file)
    const picture = element("img", { src: this.objectUrl, alt: "" })
    this.on(picture, "load", () => {
      this.avatar.querySelector("img")?.remove()
      this.avatar.append(picture)
    })
  }

  // Waits until the picture is resized.
  async submitted(event) {
    this.button.disabled = true
    if (!this.work) return
    event.preventDefault()
    await this.work
    this.element.submit()
  }
}
