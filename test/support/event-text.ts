/**
 * The text of an event.
 *
 * @module
 */

import type { Event } from '#gen/sotto/peer/v1/record.ts'

/** The body of a text, UTF-8; undefined for an event of another kind. */
export function textBody({ kind }: Event): Buffer | undefined {
  return kind?.$case === 'text' ? kind.value.body : undefined
}

export function textOf(event: Event): string {
  return (textBody(event) ?? '').toString()
}
