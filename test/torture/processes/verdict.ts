/**
 * The verdict after all the kills: the stores and the outputs of both sides, compared with what they sent.
 *
 * @module
 */
import { Violation } from '../world.ts'
import type { ShownMessage } from './shown.ts'
import type { Side } from './side.ts'

/** Judge both stores. @throws Violation if one has lost, doubled, changed or swapped a message. */
export async function judgeStores(sides: readonly [Side, Side]): Promise<void> {
  for (const [side, peer] of [sides, sides.toReversed()] as [Side, Side][]) {
    compare(`what ${side.name} sent`, await side.texts('outgoing'), side)
    compare(`what ${side.name} received`, await side.texts('incoming'), peer)
  }
}

function compare(what: string, texts: readonly string[], sender: Side): void {
  for (const [index, text] of texts.entries()) {
    if (text !== sender.text(index + 1)) throw new Violation(`${what}: in place ${index + 1} stands "${text}"`)
  }
  if (texts.length !== sender.total) throw new Violation(`${what}: ${texts.length} messages of ${sender.total}`)
}

/**
 * Judge what the runs of a program have shown together: every message at least once and, with repeats dropped by their
 * ids, each once and in order.
 *
 * @param messages - The numbers of the first and the last that were to be shown.
 * @returns How many were repeats.
 * @throws Violation if a message is missing, out of order or without its own id.
 */
export function judgeShown(what: string, runs: readonly ShownMessage[][], [first, last]: [number, number]): number {
  const seen = new Map<string, number>()
  let repeats = 0
  let next = first
  for (const { id, number } of runs.flat()) {
    if (id === undefined) throw new Violation(`${what}: ${number} came without an id`)
    const known = seen.get(id)
    if (known !== undefined) {
      if (known !== number) throw new Violation(`${what}: ${number} has the id of ${known}`)
      repeats += 1
      continue
    }
    if (number !== next) throw new Violation(`${what}: ${number} came in place of ${next}`)
    seen.set(id, number)
    next += 1
  }
  if (next !== last + 1) throw new Violation(`${what}: only what was before ${next} of ${last}`)
  return repeats
}
