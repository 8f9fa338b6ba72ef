// A person's picture, or initials on their hue: the same as the server makes.
import { isGone } from "../models/names.js"
import { element } from "./element.js"

const HUES = 12n
const known = new Map()

// Remembers what the server showed for somebody.
export function learnAvatar(userId, avatarElement) {
  if (avatarElement && !known.has(userId)) known.set(userId, avatarElement.cloneNode(true))
}

export function avatar({ id, username, avatarURL }) {
  const shown = known.get(id)
  if (shown && (shown.querySelector("img")?.getAttribute("src") ?? null) === (avatarURL ?? null)) return shown.cloneNode(true)
  const span = element("span", { class: `avatar hue-${BigInt(id) % HUES}`, "aria-hidden": "true" }, isGone(username) ? "–" : initials(username))
  // The initials are seen where the picture does not come.
  if (avatarURL) span.append(element("img", { src: avatarURL, alt: "", width: 36, height: 36, loading: "lazy" }))
  known.set(id, span)
  return span.cloneNode(true)
}

// The first letter of the first word and, where the words are alphabetic, of the second: "Mei_Lin" is ML, "李小明" is 李.
function initials(username) {
  const [first = [], second = []] = username.split(/[._-]+/).filter(Boolean).map(word => [...word])
  const both = /^[a-z]$/i.test(first[0] ?? "") && /^[a-z]$/i.test(second[0] ?? "")
  return ((first[0] ?? "") + (both ? second[0] : "")).toUpperCase()
}
