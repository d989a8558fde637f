/**
 * What two people have at the end of all the killing, compared with what they said.
 *
 * @module
 */
import { Violation } from '../world.ts'
import type { ShownMessage } from './shown.ts'
import type { Side } from './side.ts'

/** @throws Violation if a store has lost, doubled, changed or swapped anything that either said. */
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
 * Judge what the runs of a program have shown together: all of some messages at least once, and, when repeats are dropped
 * by their ids, each once and in order.
 *
 * @param messages - The first and the last that were to be shown.
 * @returns how many were repeats.
 * @throws Violation if that is not so.
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
