/**
 * The inside of an actor: answers requests until whoever started it lets go of it.
 *
 * @module
 */
import type { Requests } from './actor.ts'

/** How long an actor may take to end in order, in milliseconds. */
const END_MS = 3_000

interface Asked {
  readonly id: number
  readonly request: string
  readonly args: readonly unknown[]
}

/** Answer requests from now on. @param end - Lets go of everything. */
export function serveActor(requests: Requests, end: () => unknown = () => {}): void {
  const answer = (id: number, value: object) => process.connected && process.send?.({ id, ...value })
  process.on('message', ({ id, request, args }: Asked) => {
    Promise.try(() => requests[request]?.(...args)).then(
      (value) => answer(id, { value }),
      (error: unknown) => answer(id, { failure: error instanceof Error ? error.stack : String(error) }),
    )
  })
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), END_MS).unref()
    Promise.try(end).then(
      () => process.exit(),
      () => process.exit(1),
    )
  })
  answer(0, {})
}

/** The time on the clock that all processes of a machine share, in milliseconds. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
