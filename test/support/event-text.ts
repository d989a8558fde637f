/**
 * What an event says.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'

export function textOf({ kind }: Event): string {
  return (kind?.value.body ?? Buffer.alloc(0)).toString('utf8')
}
