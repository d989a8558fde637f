/**
 * The victims of a torture of real programs.
 *
 * @module
 */
import type { EventEmitter } from 'node:events'

/** A program that can be killed and started again. */
export interface Victim {
  readonly label: string
  kill(): Promise<void>
  start(): void | Promise<void>
}

/** Emits `change` when a program has taken or shown a message, and `error` when one ends by itself. */
export type Activity = EventEmitter<{ change: []; error: [Error] }>
