// "Mei is typing…"
import { language, name, nodes, t } from "../models/strings.js"

const FEW = 3
const list = new Intl.ListFormat(language)

export function showTyping(line, names) {
  if (!line) return
  if (names.length === 0) return line.replaceChildren()
  if (names.length > FEW) return line.replaceChildren(t("js-typing-many"))
  const words = names.length === 1 ? name(names[0]) : list.format(names)
  line.replaceChildren(nodes(names.length === 1 ? "js-typing-one" : "js-typing-two", { name: words }))
}
