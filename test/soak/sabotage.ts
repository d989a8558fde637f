/**
 * Leaks on purpose, to show that the judgement notices them.
 *
 * @module
 */
import { type FileHandle, open } from 'node:fs/promises'

/** What can be leaked: memory that stays reachable, or files that stay open. */
export const SABOTAGES = ['memory', 'handles'] as const
export type Sabotage = (typeof SABOTAGES)[number]

/** How many numbers are leaked in a round: a megabyte. */
const LEAKED_NUMBERS = 2 ** 17

const lost: (number[] | Promise<FileHandle>)[] = []

/** Leak some memory or a handle. */
export function leak(what: Sabotage): void {
  lost.push(what === 'memory' ? Array.from({ length: LEAKED_NUMBERS }, Math.random) : open(import.meta.filename))
}
