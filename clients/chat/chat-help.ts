import { COMMANDS } from './command.ts'
import { TICKS_MEAN } from './screen/render-entry.ts'

/** The help: a row for each thing that a line can be, and what the ticks say. */
export function helpRows(): string[] {
  const forms = Object.entries(COMMANDS).map(([name, { argument, does }]) => [`/${name} ${argument}`.trimEnd(), does])
  const rows = [
    ...forms,
    ['@NAME text', 'say it to NAME, and talk with NAME from here on'],
    ['//text', 'say /text; @@text says @text'],
  ]
  const width = Math.max(...rows.map(([form = '']) => form.length))
  return [...rows.map(([form = '', does]) => `${form.padEnd(width)}  ${does}`), TICKS_MEAN]
}
