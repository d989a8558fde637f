/**
 * Times, sizes and names in words, in the language of the browser.
 *
 * @module
 */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })

const DAY_MS = 86_400_000

/** Arrived so much later than it was written, a message says so, in milliseconds. */
const LATE_MS = 60_000

export function clockText(date: Date): string {
  return CLOCK.format(date)
}

export function fullText(date: Date): string {
  return FULL.format(date)
}

/** How long ago, as a list of conversations has it: the time today, the weekday this week, the day before. */
export function agoText(date: Date, now = new Date()): string {
  if (dayOf(date) === dayOf(now)) return CLOCK.format(date)
  return now.getTime() - date.getTime() < 6 * DAY_MS ? WEEKDAY.format(date) : DAY.format(date)
}

/** A name for the day of a date, the same for all of that day. */
export function dayOf(date: Date): string {
  return LONG_DAY.format(date)
}

/** The day as a heading. */
export function dayText(date: Date, now = new Date()): string {
  if (dayOf(date) === dayOf(now)) return 'Today'
  if (dayOf(date) === dayOf(new Date(now.getTime() - DAY_MS))) return 'Yesterday'
  return dayOf(date)
}

/** When a message came, where that was much later than it was written. */
export function arrivalText(writtenAt: Date, storedAt: Date): string | undefined {
  return storedAt.getTime() - writtenAt.getTime() < LATE_MS
    ? undefined
    : `came ${agoText(storedAt)} ${clockText(storedAt)}`
}

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const

export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  let [value, unit] = [bytes / 1_000, 0]
  for (; value >= 999.5 && unit < UNITS.length - 1; unit += 1) value /= 1_000
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`
}

/** `2.4 MB/s, 12 s left`. */
export function paceText(bytesPerSecond: number, left: number): string {
  const seconds = Math.ceil(left / bytesPerSecond)
  const remaining = seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return `${sizeText(Math.round(bytesPerSecond))}/s, ${remaining} left`
}

/** One of so many hues for a name, always the same. */
export function hueOf(name: string, hues = 8): number {
  let sum = 0
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973
  return sum % hues
}
