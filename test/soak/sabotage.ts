/**
 * Losing things on purpose, to show that the judgement can see.
 *
 * @module
 */
import { type FileHandle, open } from 'node:fs/promises'

/** What is lost: memory that stays reachable, or files that stay open. */
export const SABOTAGES = ['memory', 'handles'] as const
export type Sabotage = (typeof SABOTAGES)[number]

/** A megabyte of numbers for each round. */
const LEAKED_NUMBERS = 2 ** 17

const lost: (number[] | Promise<FileHandle>)[] = []

/** Lose some. */
export function leak(what: Sabotage): void {
  lost.push(what === 'memory' ? Array.from({ length: LEAKED_NUMBERS }, Math.random) : open(import.meta.filename))
}
