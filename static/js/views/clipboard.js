// Copies a text; falls back to execCommand without https. Returns whether it worked. The helper field is added to
// `container`: inside a dialog nothing else can be selected.
import { element } from "./element.js"

export async function copyText(text, container = document.body) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = element("textarea", { class: "visually-hidden", "aria-hidden": "true" })
    field.value = text
    const before = document.activeElement
    container.append(field)
    field.select()
    const isCopied = document.execCommand("copy")
    field.remove()
    before?.focus({ preventScroll: true })
    return isCopied
  }
}
