// Sentences in the reader's language. The server puts them into the page; placeholders look like {name}.
export const language = document.documentElement.lang || "en-US"

const strings = JSON.parse(document.body?.dataset.strings || "{}")
const plurals = new Intl.PluralRules(language)
const numbers = new Intl.NumberFormat(language)

export function t(id, values = {}) {
  return pieces(id, values).join("")
}

// `plural("js-here", 2)` is the sentence js-here-one or js-here-other.
export function plural(id, count) {
  const exact = `${id}-${plurals.select(count)}`
  return t(exact in strings ? exact : `${id}-other`, { count: numbers.format(count) })
}

// The same with nodes for values, for names that need an element of their own.
export function nodes(id, values) {
  const fragment = document.createDocumentFragment()
  fragment.append(...pieces(id, values))
  return fragment
}

// A name in a direction of its own.
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
