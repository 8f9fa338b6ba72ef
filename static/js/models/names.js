// What people are called on the screen. Whoever deleted their account is called so in the reader's language.
import { t } from "./strings.js"

// As the server has it. No username has a space.
const GONE = "deleted person"

export const isGone = username => username === GONE

// A person's name, or those of a direct room with commas between.
export function shownName(names) {
  if (!names.includes(GONE)) return names
  return names.split(", ").map(name => (isGone(name) ? t("js-deleted-person") : name)).join(", ")
}
