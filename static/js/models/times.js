// Times in the reader's zone and manner.
import { language, t } from "./strings.js"

const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" })
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" })
const near = new Intl.DateTimeFormat(language, { weekday: "long", month: "long", day: "numeric" })
const far = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric" })

export const shortTime = date => clock.format(date)
export const fullTime = date => full.format(date)

// A key like "2026-11-20" of the reader's own day.
export function dayOf(date) {
  const two = number => String(number).padStart(2, "0")
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function dayName(date, now = new Date()) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
  if (dayOf(date) === dayOf(now)) return t("js-today")
  if (dayOf(date) === dayOf(yesterday)) return t("js-yesterday")
  return (date.getFullYear() === now.getFullYear() ? near : far).format(date)
}

export function untilMidnight(now = new Date()) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1) - now
}
