import { expect } from 'chai'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { PEER_LIMITS } from '#lib/rpc/limits.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import { CALL_BYTES, type HeldLimits } from '#lib/rpc/sockets/held/held-bytes.ts'
import { LIMITED, type LimitedEvent } from '#lib/runtime/metrics/limited-events.ts'
import { CONVERSE, echo, peerServer, record } from '../../support/peer-server.ts'
import { framed, rawAnswer } from '../../support/raw-call.ts'
import { rejection } from '../../support/rejection.ts'

/** Of a record, in bytes, and how many of them a connection may have wait. */
const [RECORD_BYTES, RECORDS] = [8_000, 12]

const HELD: HeldLimits = {
  ...(PEER_LIMITS.held as HeldLimits),
  connectionBytes: RECORDS * RECORD_BYTES,
}

describe('the requests that a server holds', () => {
  it('are no more than the budget: the call that holds most ends with when to come back, the others go on', async () => {
    const read = Promise.withResolvers<void>()
    const limited: LimitedEvent[] = []
    const note = (event: unknown) => void limited.push(event as LimitedEvent)
    LIMITED.subscribe(note)
    try {
      await using peer = await peerServer(
        async (stream, context) => {
          const first = await stream.messages.next()
          if (first.value?.message?.value[0] === 1) await echo(stream, context)
          else await read.promise
        },
        { held: HELD },
      )
      const [modest, greedy] = [await peer.connection.call.converse(), await peer.connection.call.converse()]
      await modest.send(record(10, 1))
      const ended = rejection(greedy.messages.next())
      await fill(greedy)
      const error = await ended
      expect(error).to.include({ code: 'ERR_BUSY', retryAfterMs: 1_000 })
      await modest.send(record(RECORD_BYTES, 1))
      expect((await modest.messages.next()).value).to.deep.equal(record(RECORD_BYTES, 1))
      expect(limited).to.deep.equal([{ method: CONVERSE.slice(1), limit: 'held bytes' }])
    } finally {
      read.resolve()
      LIMITED.unsubscribe(note)
    }
  })

  it('are forgotten as they are taken', async () => {
    await using peer = await peerServer(echo, { held: HELD })
    const stream = await peer.connection.call.converse()
    for (let count = 0; count < 4 * RECORDS; count += 1) {
      await stream.send(record(RECORD_BYTES))
      await stream.messages.next()
    }
    stream.end()
    expect((await stream.messages.next()).done).to.equal(true)
  })

  it('count from the first byte of a message, whole or not', async () => {
    await using peer = await peerServer(echo, { held: { ...HELD, connectionBytes: CALL_BYTES + RECORD_BYTES } })
    const port = peer.server.port
    const unfinished = framed(Buffer.alloc(RECORD_BYTES), 0, 2 * RECORD_BYTES)
    const answer = await rawAnswer({ port, path: CONVERSE, bytes: unfinished, end: false })
    expect(answer).to.deep.equal({ status: 8, reason: 'ERR_BUSY', retryAfterMs: 1_000 })
  })
})

/** Send until nothing more is taken. */
async function fill(stream: Duplex<ConverseResponse, ConverseRequest>): Promise<void> {
  try {
    for (;;) await stream.send(record(RECORD_BYTES))
  } catch {
    // It has ended.
  }
}
