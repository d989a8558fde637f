import { createCalendar } from '../../terminal/calendar.ts'
import type { KeyInput } from './line-editor.ts'
import { PlainScreen } from './plain-screen.ts'
import type { Screen, ScreenOutput } from './screen.ts'
import { TerminalScreen } from './terminal-screen.ts'

export interface ScreenOptions {
  readonly input: KeyInput
  readonly output: ScreenOutput
  /** Whether there is somebody to edit a line; by default, whether both ends are a terminal. */
  readonly interactive?: boolean
  /** Whether to use colours; by default what the output says of itself, which heeds NO_COLOR. */
  readonly colour?: boolean
  /** An IANA name, for the times of entries; the system's zone by default. */
  readonly timeZone?: string
  /** The time of the screen's own notices. */
  readonly now?: () => Date
}

/** Open a screen. It reads and draws until it is closed. */
export function createScreen(options: ScreenOptions): Screen {
  const { input, output, now = () => new Date() } = options
  const interactive = options.interactive ?? Boolean(input.isTTY && output.isTTY)
  const calendar = createCalendar(options.timeZone)
  if (!interactive) return new PlainScreen({ input, output, calendar, now })
  const colour = options.colour ?? output.hasColors?.() ?? false
  return new TerminalScreen({ input, output, calendar, now, colour })
}
