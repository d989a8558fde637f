/**
 * `npm run sizing`: for how many people is an installation enough, what gives way first, and what is to be added?
 *
 *     npm run sizing                                 the tables of docs/operations.md
 *     npm run sizing -- --people 25000,50000         for these
 *       -- --write docs/operations.md                put the tables into that document
 *
 * It reckons with the figures of docs/performance.md, which `npm run bench` measures; sizing.ts says how.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { figuresOf } from './figures.ts'
import { render, SIZES } from './render.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PLACE = /(?<=<!-- sizing -->\n)[\s\S]*?(?=<!-- end: sizing -->)/

const { values } = parseArgs({ options: { people: { type: 'string' }, write: { type: 'string' } } })
const sizes = values.people?.split(',').map(Number) ?? SIZES
if (sizes.every((people) => Number.isSafeInteger(people) && people > 0)) {
  const tables = render(sizes, figuresOf(readFileSync(join(ROOT, 'docs', 'performance.md'), 'utf8')))
  if (values.write === undefined) console.log(tables)
  else
    writeFileSync(
      values.write,
      readFileSync(values.write, 'utf8').replace(PLACE, () => `${tables}\n`),
    )
} else {
  console.error(`--people ${values.people}: expected whole numbers above 0, with commas between`)
  process.exitCode = 2
}
