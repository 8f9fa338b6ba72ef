// Finds or begins the conversation with somebody, as the form on the page of people does.
import { t } from "../models/strings.js"
import { element } from "./element.js"
import { icon } from "./icon.js"

export function talkForm(username) {
  const label = t("js-talk-to", { name: username })
  return element("form", { method: "post", action: "/directs" },
    element("input", { type: "hidden", name: "to", value: username }),
    element("button", { class: "button button-quiet button-icon", type: "submit", "aria-label": label, title: label }, icon("message-circle")))
}

export function talkTo(username) {
  const form = talkForm(username)
  form.hidden = true
  document.body.append(form)
  form.submit()
}
