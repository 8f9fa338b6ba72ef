// What I wrote and the server does not have: messages on their way or refused, and drafts.
import { drafts } from "./drafts.js"
import { outbox } from "./outbox.js"
import { rooms } from "./rooms.js"
import { t } from "./strings.js"

// Each is `{id, isDraft, isForeign, canGo, roomId, roomName, text, note}`; canGo: it waits, or can be tried again.
export async function unsent() {
  await outbox.ready
  return [...outbox.all.map(message), ...(await drafts.all()).map(draft)]
}

// What no room on my list shows: its room is no longer mine, or it was written for another database.
export async function stranded() {
  const isLost = ({ isDraft, isForeign, isFailed, roomId }) => isForeign || ((isDraft || isFailed) && rooms.isKnown && !rooms.get(roomId))
  return (await unsent()).filter(isLost)
}

export function drop({ id, isDraft }) {
  return isDraft ? drafts.discard(id) : outbox.discard(id)
}

function message(entry) {
  const { clientId, roomId, roomName, content, state, reason } = entry
  const isForeign = outbox.isForeign(entry)
  const note = isForeign ? t("js-other-database") : state === "failed" ? reason : null
  return { id: clientId, isDraft: false, isForeign, isFailed: state === "failed", canGo: !isForeign, roomId, roomName, text: content, note }
}

function draft(kept) {
  const { key, roomId, roomName, text } = kept
  const isForeign = outbox.isForeign(kept)
  const note = [t("js-draft"), isForeign && t("js-other-database")].filter(Boolean).join(" · ")
  return { id: key, isDraft: true, isForeign, isFailed: false, canGo: false, roomId, roomName, text, note }
}
