/**
 * Events in words for people, the same in a history, a document and the list of what cannot be delivered.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { byKind } from '#lib/delivery/event-kind.ts'
import { FileSentences } from '../files/report/file-events.ts'

/** An event in words. */
export interface Words {
  /** The name of the kind of event; undefined for a message, which needs none. */
  readonly label: string | undefined
  /** Any text: whoever shows it makes it harmless. */
  readonly text: string
}

/** Puts events into words, one after the other; what is said of a file names it if its offer came before. */
export class EventWords {
  readonly #files = new FileSentences()

  of(event: Event): Words {
    return byKind<Words>(event, {
      text: ({ body }) => ({ label: undefined, text: body.toString('utf8') }),
      fileOffer: (offer) => ({ label: 'file', text: this.#files.ofOffer(event.eventId, offer) }),
      fileStatus: (status) => ({ label: 'file', text: this.#files.ofStatus(status) }),
    })
  }
}
