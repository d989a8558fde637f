/**
 * The JSON fields of an event that depend on its kind, the same wherever events are written as JSON.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { byKind } from '#lib/delivery/event-kind.ts'
import { offerFields, statusFields } from '../files/report/file-events.ts'

/** Fields of JSON, by their names, with the type of the whole. */
interface EventFields extends Readonly<Record<string, unknown>> {
  readonly type: 'message' | 'file' | 'fileStatus'
}

/** The type of an event, and its fields: of a text `{"type":"message","text":…}`. */
export function eventFields(event: Event): EventFields {
  return byKind<EventFields>(event, {
    text: ({ body }) => ({ type: 'message', text: body.toString('utf8') }),
    fileOffer: offerFields,
    fileStatus: statusFields,
  })
}
