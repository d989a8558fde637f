/**
 * A line that recomputes something, and how it is made of a trace, which anybody may have written.
 *
 * @module
 */
import type { Field } from './trace-file.ts'

export interface Recomputation {
  /** The index of the message. */
  readonly message: number
  readonly what: string
  /** A command for a shell. */
  readonly command: string
  /** What it prints. */
  readonly prints: string
}

/** One of a message that is known already. */
export type Line = Omit<Recomputation, 'message'>

export function named(fields: readonly Field[], name: string): Field | undefined {
  return fields.find((field) => field.name === name)
}

/** The whole value of a field as hexadecimal digits, and nothing else: it goes into a command. */
export function hexOf(field: Field | undefined): string | undefined {
  const value = field?.value
  return typeof value === 'string' && /^(?:[0-9a-f]{2})+$/.test(value) ? value : undefined
}

/** A name of somebody; undefined of what is none. */
export function nameHex(name: string): string | undefined {
  return /^[a-z0-9][a-z0-9._-]{0,31}$/.test(name) ? asciiHex(name) : undefined
}

export function asciiHex(text: string): string {
  return Array.from(text, (character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}
