import { Controller } from "./registry.js"
import { language } from "../models/strings.js"

// Names and sorts the countries in the user's language.
export default class Phone extends Controller {
  connect() {
    const select = this.find("select")
    const chosen = select.value
    const names = new Intl.DisplayNames(language, { type: "region" })
    const options = [...select.options]
    for (const option of options) option.label = option.textContent = `${names.of(option.value)} ${option.dataset.dial}`
    const { compare } = new Intl.Collator(language)
    select.append(...options.sort((a, b) => compare(a.textContent, b.textContent)))
    select.value = chosen
  }
}
