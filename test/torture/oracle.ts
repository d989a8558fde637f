/**
 * The oracle: compares the stores of both endpoints with what they sent.
 *
 * @module
 */
import type { Gap, Message } from '../../clients/store/reading/messages.ts'
import type { Direction } from '../../clients/store/rows/batch.ts'
import { textBody } from '../support/event-text.ts'
import type { Endpoint } from './endpoint.ts'
import { Violation } from './world.ts'

/** Judge both stores. @throws Violation if a message is lost, doubled, out of order, changed, or not delivered. */
export function judge(alice: Endpoint, bob: Endpoint): void {
  for (const [endpoint, peer] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const history = endpoint.openStore().history(peer.name, { limit: Number.POSITIVE_INFINITY }).reverse()
    compare(`what ${endpoint.name} sent`, history, 'outgoing', endpoint)
    compare(`what ${endpoint.name} received`, history, 'incoming', peer)
  }
}

function compare(what: string, history: readonly (Message | Gap)[], direction: Direction, sender: Endpoint): void {
  let count = 0
  for (const message of history) {
    if (message.kind === 'gap') throw new Violation(`${what} has a gap`)
    if (message.direction !== direction) continue
    count += 1
    const text = textBody(message.event)?.toString()
    if (text !== sender.text(count)) throw new Violation(`${what}: in place ${count} stands "${text?.slice(0, 40)}"`)
    if (direction === 'outgoing' && message.state !== 'delivered' && message.state !== 'read')
      throw new Violation(`${what}: ${count} is ${message.state}`)
  }
  if (count !== sender.promised) throw new Violation(`${what}: ${count} messages of ${sender.promised}`)
}
