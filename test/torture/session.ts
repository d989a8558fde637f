/**
 * One end of a simulated session: the conversation that ships, over a simulated link and in simulated time.
 *
 * @module
 */
import { CloseReason, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import type { ConversationEnd } from '../../clients/peer/close-reasons.ts'
import { Conversation } from '../../clients/peer/conversation.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import type { ConnectionEnd } from './network.ts'
import type { ConnectionOwner } from './owners.ts'
import { SimulatedLink } from './simulated-link.ts'
import type { WatchedChannel } from './watched-channel.ts'

export interface SessionOptions {
  readonly owner: ConnectionOwner
  readonly opener: boolean
  readonly channel: WatchedChannel
  readonly connection: ConnectionEnd
}

/**
 * Begin a session.
 *
 * @param first - At the host: the record that confirmed the channel.
 */
export function beginSession(options: SessionOptions, first?: RecordBody): void {
  const { owner, opener, channel, connection } = options
  const { world, endpoint, streams } = owner
  const link = new SimulatedLink(owner, connection, { isCaller: opener })
  const conversation = new Conversation(
    {
      opener,
      route: 'direct',
      ownName: endpoint.name,
      peerName: endpoint.peer.name,
      channel,
      ask: () => owner.askServices(opener ? 'askForTicket' : 'tryServices'),
      clock: new ServerClock(world.timeline, 0),
      link,
      streams,
      deliver: async (_name, events) => {
        endpoint.show(events)
        owner.readLater()
      },
      trace: undefined,
      schedule: owner.schedule,
      drawStreamId: () => {
        world.counters.renewedStreams += 1
        return world.random.bytes(STREAM_ID_BYTES)
      },
    },
    first,
  )
  owner.after(world.random.wait(world.faults.closeAfterMs), () => void conversation.close(CloseReason.SHUTDOWN))
  void conversation.ended.then((end) => owner.run(() => hangUp(options, end)))
}

function hangUp({ owner, connection }: SessionOptions, end: ConversationEnd): void {
  const { world, endpoint } = owner
  if (end.how === 'cut') {
    world.note(`${owner.name} is cut off: ${end.error.code}`)
    endpoint.checkFailure(end.error, connection.isTampered)
  }
  // As in the real program: the host's handler returns or throws, and the caller closes its connection.
  connection.drop()
  owner.release(connection)
  owner.dial()
}
