// Times in the user's time zone and format.
import { language, t } from "./strings.js"

const chosen = document.body?.dataset.timeFormat
const cycle = { 12: { hourCycle: "h12" }, 24: { hourCycle: "h23" } }[chosen] ?? {}
const clock = new Intl.DateTimeFormat(language, { hour: chosen === "24" ? "2-digit" : "numeric", minute: "2-digit", ...cycle })
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium", ...cycle })
const thisYear = new Intl.DateTimeFormat(language, { weekday: "long", month: "long", day: "numeric" })
const otherYear = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric" })

const weekday = new Intl.DateTimeFormat(language, { weekday: "short" })
const short = new Intl.DateTimeFormat(language, { month: "numeric", day: "numeric" })
const shortOtherYear = new Intl.DateTimeFormat(language, { dateStyle: "short" })
const WEEK = 6 * 86_400_000

export const shortTime = date => clock.format(date)
export const fullTime = date => full.format(date)

// A local date such as "2026-11-20".
export function dayOf(date) {
  const two = number => String(number).padStart(2, "0")
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function dayName(date, now = new Date()) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
  if (dayOf(date) === dayOf(now)) return t("js-today")
  if (dayOf(date) === dayOf(yesterday)) return t("js-yesterday")
  return (date.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(date)
}

// Short form for lists: the time today, the weekday within a week, otherwise the date.
export function listTime(date, now = new Date()) {
  if (dayOf(date) === dayOf(now)) return clock.format(date)
  if (now - date < WEEK) return weekday.format(date)
  return (date.getFullYear() === now.getFullYear() ? short : shortOtherYear).format(date)
}

export function msUntilMidnight(now = new Date()) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1) - now
}
