// Opens the conversation with a user, like the form on the People page.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

export function directForm(username) {
  const label = t("js-message-name", { name: username })
  return element("form", { method: "post", action: "/directs" },
    element("input", { type: "hidden", name: "to", value: username }),
    element("button", { class: "button button-quiet button-icon", type: "submit", "aria-label": label, title: label }, icon("message-circle")))
}

export function startDirect(username) {
  const form = directForm(username)
  form.hidden = true
  document.body.append(form)
  form.submit()
}
