// Texts in the user's language, which the server puts into the page. Placeholders look like {name}.
export const language = document.documentElement.lang || "en-US"

const strings = JSON.parse(document.body?.dataset.strings || "{}")
const plurals = new Intl.PluralRules(language)
const numbers = new Intl.NumberFormat(language)

export function t(id, values = {}) {
  return pieces(id, values).join("")
}

// Uses `<id>-one` or `<id>-other`, with {count}.
export function plural(id, count) {
  const exact = `${id}-${plurals.select(count)}`
  return t(exact in strings ? exact : `${id}-other`, { count: numbers.format(count) })
}

// Like `t`, with nodes as values.
export function nodes(id, values) {
  const fragment = document.createDocumentFragment()
  fragment.append(...pieces(id, values))
  return fragment
}

// A name, isolated from the direction of the text around it.
export function name(text, className = "") {
  const bdi = document.createElement("bdi")
  bdi.textContent = text
  if (className) bdi.className = className
  return bdi
}

function pieces(id, values) {
  return (strings[id] ?? id).split(/(\{\w+\})/).map(piece => {
    const key = /^\{(\w+)\}$/.exec(piece)?.[1]
    return key !== undefined && key in values ? values[key] : piece
  })
}
