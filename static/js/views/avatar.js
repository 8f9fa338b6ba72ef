// A user's avatar: picture or initials, the same as the server renders.
import { isDeletedPerson } from "../models/display_names.js"
import { element } from "./element.js"

const HUES = 12n
const known = new Map()

// Reuses the avatars that the server rendered.
export function learnAvatar(userId, avatarElement) {
  if (avatarElement && !known.has(userId)) known.set(userId, avatarElement.cloneNode(true))
}

export function avatar({ id, username, avatarURL }) {
  const shown = known.get(id)
  if (shown && (shown.querySelector("img")?.getAttribute("src") ?? null) === (avatarURL ?? null)) return shown.cloneNode(true)
  const span = element("span", { class: `avatar hue-${BigInt(id) % HUES}`, "aria-hidden": "true" }, isDeletedPerson(username) ? "–" : initials(username))
  // The initials show while the picture is missing.
  if (avatarURL) span.append(element("img", { src: avatarURL, alt: "", width: 36, height: 36, loading: "lazy" }))
  known.set(id, span)
  return span.cloneNode(true)
}

// The first letters of the first two words if alphabetic ("Mei_Lin": ML), otherwise the first character ("李小明": 李).
function initials(username) {
  const [first = [], second = []] = username.split(/[._-]+/).filter(Boolean).map(word => [...word])
  const both = /^[a-z]$/i.test(first[0] ?? "") && /^[a-z]$/i.test(second[0] ?? "")
  return ((first[0] ?? "") + (both ? second[0] : "")).toUpperCase()
}
