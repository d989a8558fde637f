/**
 * Days and times of day as the screen writes them: English words, 24 hours, the reader's time zone.
 *
 * @module
 */

export interface Calendar {
  /** The time of day, such as `14:02`: always 5 columns. */
  timeOf(date: Date): string
  /** The day, such as `Sunday 22 November 2026`. Two times are of the same day if this is equal. */
  dayOf(date: Date): string
  /** The date and time, such as `2026-11-22 14:02`, for lines that stand alone. */
  stampOf(date: Date): string
}

/** @param timeZone - An IANA name; the system's own if not given. */
export function createCalendar(timeZone?: string): Calendar {
  const zone = timeZone === undefined ? {} : { timeZone }
  const time = formatter('en-GB', { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = formatter('en-GB', { ...zone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
  // Of all languages' own ways to write a date, Canadian English has the one of ISO 8601.
  const isoDay = formatter('en-CA', { ...zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const timeOf = (date: Date): string => time(date, '--:--')
  return {
    timeOf,
    dayOf: (date) => day(date, 'at an unknown time'),
    stampOf: (date) => `${isoDay(date, '----------')} ${timeOf(date)}`,
  }
}

/**
 * Writes dates in one form. It is made with the first of them: that takes 2 ms, and most commands write none. A time that
 * is none at all is no reason to show nothing.
 */
function formatter(language: string, options: Intl.DateTimeFormatOptions): (date: Date, unknown: string) => string {
  let made: Intl.DateTimeFormat | undefined
  return (date, unknown) => {
    if (Number.isNaN(date.getTime())) return unknown
    made ??= new Intl.DateTimeFormat(language, options)
    return made.format(date)
  }
}

/** How far apart the times of writing and of arrival are for both to be told, in milliseconds. */
const MAX_UNTOLD_MS = 60_000

/** Whether a text was written at another time than it arrived at, by the two clocks. */
export function isLate(writtenAt: Date, arrivedAt: Date): boolean {
  return Math.abs(arrivedAt.getTime() - writtenAt.getTime()) > MAX_UNTOLD_MS
}

/** What stands behind a name and a time of writing, such as ` (arrived 09:01)`; nothing where it arrived at once. */
export function arrivalNote(calendar: Calendar, writtenAt: Date, arrivedAt: Date): string {
  if (!isLate(writtenAt, arrivedAt)) return ''
  const isSameDay = calendar.dayOf(writtenAt) === calendar.dayOf(arrivedAt)
  return ` (arrived ${isSameDay ? calendar.timeOf(arrivedAt) : calendar.stampOf(arrivedAt)})`
}
