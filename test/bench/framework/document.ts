/**
 * Puts results into a document: each between two marks that bear its name, with its picture in a folder beside.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Result } from './bench.ts'
import { chartOf } from './chart.ts'
import { markdownTable } from './format.ts'

/** Write results into a document. @throws Error if it has no place for one of them. */
export async function writeInto(path: string, results: readonly Result[], machine: string): Promise<void> {
  const folder = basename(path, extname(path))
  let text = await readFile(path, 'utf8')
  await mkdir(join(dirname(path), folder), { recursive: true })
  for (const result of results) {
    const picture = `${folder}/${result.name}.svg`
    text = replaceBetween(text, result.name, markdownTable(result, machine, picture))
    await writeFile(join(dirname(path), picture), chartOf(result))
  }
  await writeFile(path, text)
}

/** Write something between the marks of a name in a document. @throws Error if it has none. */
export async function writeBetween(path: string, name: string, content: string): Promise<void> {
  await writeFile(path, replaceBetween(await readFile(path, 'utf8'), name, content))
}

/** Replace what stands between the marks of a name. */
export function replaceBetween(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- end: ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the document has no place for it: ${begin} … ${end}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
