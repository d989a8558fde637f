/**
 * The text of an event.
 *
 * @module
 */

import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { textBody } from '#lib/delivery/event.ts'

export function textOf(event: Event): string {
  return (textBody(event) ?? '').toString()
}
