import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Conversation } from '../../../clients/peer/conversation.ts'
import { MemoryExchange } from '../../../clients/peer/exchange.ts'
import { heard } from '../../support/stores.ts'

describe('MemoryExchange', () => {
  // Of a conversation it needs no more than that it can be replaced.
  const conversation = { replace: () => undefined } as Conversation

  function receive(exchange: MemoryExchange, firstSequence: bigint, events: readonly Event[]): Event[] {
    const body = { firstSequence, events: [...events], part: undefined, acknowledged: 0n, control: undefined, read: 0n }
    return exchange.streams.incoming?.accept(body) ?? []
  }

  it('lets the next conversation bring what came as one was closing, and nothing twice that is still being shown', async () => {
    const exchange = new MemoryExchange(systemClock)
    exchange.attach(conversation)
    exchange.streams.hear(randomBytes(STREAM_ID_BYTES))
    const events = ['a', 'b', 'c'].map((text) => heard(text))
    const shown = Promise.withResolvers<void>()
    const kept = exchange.keep(receive(exchange, 1n, events.slice(0, 1)), () => shown.promise)
    // These come too late to be acknowledged.
    receive(exchange, 2n, events.slice(1))
    exchange.attach(conversation)
    expect(receive(exchange, 1n, events)).to.deep.equal(events.slice(1))
    shown.resolve()
    await kept
    expect(exchange.streams.incoming?.stored).to.equal(1n)
  })
})
