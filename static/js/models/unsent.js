// Unsent messages and drafts.
import { drafts } from "./drafts.js"
import { outbox } from "./outbox.js"
import { rooms } from "./rooms.js"
import { t } from "./strings.js"

// Items are `{id, isDraft, isForeign, canSend, roomId, roomName, text, note}`; `canSend` if waiting or retryable.
export async function unsentMessages() {
  await outbox.ready
  return [...outbox.all.map(message), ...(await drafts.all()).map(draft)]
}

// Items of rooms that are no longer accessible, or written for another database.
export async function orphanedMessages() {
  const isLost = ({ isDraft, isForeign, isFailed, roomId }) => isForeign || ((isDraft || isFailed) && rooms.isKnown && !rooms.get(roomId))
  return (await unsentMessages()).filter(isLost)
}

export function discard({ id, isDraft }) {
  return isDraft ? drafts.discard(id) : outbox.discard(id)
}

function message(entry) {
  const { clientId, roomId, roomName, content, state, reason } = entry
  const isForeign = outbox.isForeign(entry)
  const note = isForeign ? t("js-other-database") : state === "failed" ? reason : null
  return { id: clientId, isDraft: false, isForeign, isFailed: state === "failed", canSend: !isForeign, roomId, roomName, text: content, note }
}

function draft(stored) {
  const { key, roomId, roomName, text } = stored
  const isForeign = outbox.isForeign(stored)
  const note = [t("js-draft"), isForeign && t("js-other-database")].filter(Boolean).join(" · ")
  return { id: key, isDraft: true, isForeign, isFailed: false, canSend: false, roomId, roomName, text, note }
}
