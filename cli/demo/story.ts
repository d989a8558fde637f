/**
 * The messages of a demo as both ends tell them, each once.
 *
 * @module
 */
import { traceJson } from '../../clients/trace/json.ts'
import type { Trace, TraceEvent } from '../../clients/trace/trace.ts'

export interface StoryOptions {
  /** Whether secrets stand whole in it. */
  readonly reveals: boolean
  /** Draws what nobody has told before. */
  readonly draw?: ((event: TraceEvent) => void) | undefined
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
      if (event.step < 5 || event.from !== teller) this.#add(event)
      // A Hello that is refused, and the refusal, are told by nobody else.
      else if (event.message === 'Hello') this.#events.push(event)
      else if (event.message === 'Refusal') this.#add(event)
    }
    return Object.assign(tell, { reveals: this.#options.reveals })
  }

  #add(event: TraceEvent): void {
    this.#options.draw?.(event)
    const same = event.message === 'Hello' ? this.#events.findIndex((told) => isSame(told, event)) : -1
    if (same === -1) this.#events.push(event)
    else this.#events[same] = event
  }

  /** The messages so far, as lines of JSON. */
  lines(): string {
    const { reveals: reveal } = this.#options
    return this.#events.map((event) => `${JSON.stringify(traceJson(event, { reveal }))}\n`).join('')
  }
}

function isSame(one: TraceEvent, other: TraceEvent): boolean {
  return (
    one.message === other.message && JSON.stringify(traceJson(one)['wire']) === JSON.stringify(traceJson(other)['wire'])
  )
}
