/**
 * The messages of a demo as both ends tell them, each once.
 *
 * @module
 */
import { traceJson } from '../../clients/trace/json.ts'
import { isOfConversation, type Trace, type TraceEvent } from '../../clients/trace/trace.ts'

export interface StoryOptions {
  /** Whether secrets stand whole in it. */
  readonly reveals: boolean
  /** Draws what nobody has told before. */
  readonly draw?: ((event: TraceEvent) => void) | undefined
  /** Takes each message with its place, a Hello once more when the other end has opened it. */
  readonly onTold?: (place: number, message: object) => void
  /** Has what the services are asked and answer wait. */
  readonly wait?: (event: TraceEvent) => Promise<void>
}

export class Story {
  readonly #options: StoryOptions
  readonly #events: TraceEvent[] = []

  constructor(options: StoryOptions) {
    this.#options = options
  }

  /** Takes what one of them tells. What they say in a conversation the other one tells, who opens it. */
  of(teller: string | undefined): NonNullable<Trace> {
    const tell = (event: TraceEvent) => {
      if (!isOfConversation(event) || event.from !== teller) this.#add(event)
      // A Hello that is refused, and the refusal, are told by nobody else.
      else if (event.message === 'Hello') this.#put(this.#events.length, event)
      else if (event.message === 'Refusal') this.#add(event)
    }
    const { reveals, wait } = this.#options
    return Object.assign(tell, { reveals, ...(wait && { wait }) })
  }

  #add(event: TraceEvent): void {
    this.#options.draw?.(event)
    const same = event.message === 'Hello' ? this.#events.findLastIndex((told) => isSame(told, event)) : -1
    this.#put(same === -1 ? this.#events.length : same, event)
  }

  #put(place: number, event: TraceEvent): void {
    this.#events[place] = event
    this.#options.onTold?.(place, this.#json(event))
  }

  #json(event: TraceEvent): object {
    return traceJson(event, { reveal: this.#options.reveals })
  }

  /** The messages so far, as JSON. */
  get messages(): object[] {
    return this.#events.map((event) => this.#json(event))
  }

  /** The same as lines. */
  lines(): string {
    return this.messages.map((message) => `${JSON.stringify(message)}\n`).join('')
  }
}

function isSame(one: TraceEvent, other: TraceEvent): boolean {
  return (
    one.message === other.message && JSON.stringify(traceJson(one)['wire']) === JSON.stringify(traceJson(other)['wire'])
  )
}
