// Names as shown.
import { t } from "./strings.js"

// The server's name for deleted users. Usernames can't contain spaces.
const GONE = "deleted person"

export const LOBBY = "1"

export const isDeletedPerson = username => username === GONE

// The name of a user, or of a direct room (comma-separated).
export function displayName(names) {
  if (!names.includes(GONE)) return names
  return names.split(", ").map(name => (isDeletedPerson(name) ? t("js-deleted-person") : name)).join(", ")
}

// The Lobby has a name in each language, unless it was renamed.
export function roomName({ id, name }) {
  return id === LOBBY && name === "Lobby" ? t("js-lobby") : displayName(name)
}
