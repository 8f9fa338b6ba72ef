// Puts a text into the clipboard; without https the browser has only the older way. Answers whether it worked. The place
// is where a helping field may stand: inside a dialog nothing outside of it can be selected.
import { element } from "./element.js"

export async function copyText(text, place = document.body) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = element("textarea", { class: "visually-hidden", "aria-hidden": "true" })
    field.value = text
    const before = document.activeElement
    place.append(field)
    field.select()
    const isDone = document.execCommand("copy")
    field.remove()
    before?.focus({ preventScroll: true })
    return isDone
  }
}
