/**
 * Both ends of calls through a relay that are joined and carry nothing, as an actor: each end over a connection of its own.
 *
 *     joined-calls.ts HOME
 *
 * @module
 */
import { connect } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'
import { relayTarget } from '../../../clients/peer/relay-link.ts'
import { RelayService } from '../../../clients/peer/relay-service.ts'
import { callThroughRelay, type RelayConnection } from '../../../clients/peer/relayed-call.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { Requests } from '../framework/actor.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface JoinedCallsRequests extends Requests {
  /** Join so many calls more, between accounts of these profiles, and hold them. */
  join: (count: number, callers: readonly string[], answerers: readonly string[]) => Promise<void>
}

const [home = ''] = process.argv.slice(2)
const connections: RelayConnection[] = []
const { signal } = new AbortController()

/** An account, as often as a connection is made for it. */
class Account {
  readonly #profile: Profile

  static async open(name: string): Promise<Account> {
    return new Account(await Profile.open(home, name))
  }

  private constructor(profile: Profile) {
    this.#profile = profile
  }

  get bearer(): Secret {
    const { relayBearer } = this.#profile.login.session.keys
    if (relayBearer === undefined) throw new Error('the session has no relay bearer')
    return relayBearer
  }

  connect(): RelayConnection {
    const { account } = this.#profile.login
    const connection = connect(RelayService, relayTarget(account, account.relayAddresses[0] ?? ''))
    connections.push(connection)
    return connection
  }

  /** The ids that come by an attendance, the attendance's own first. */
  async *attend(): AsyncGenerator<Buffer, void, void> {
    for await (const { event } of this.connect().call.attend({}, { bearer: this.bearer, signal })) {
      if (event?.$case === 'attendanceId' || event?.$case === 'callId') yield event.value
    }
  }

  /** Take a call by a connection of its own. */
  async answer(callId: Buffer): Promise<void> {
    await this.connect().call.answer({ bearer: this.bearer, signal }).send(callId)
  }
}

const requests: JoinedCallsRequests = {
  async join(count, callers, answerers) {
    const pairs = await Promise.all(
      callers.map(async (name, index) => {
        const [caller, answerer] = [await Account.open(name), await Account.open(answerers[index] ?? '')]
        const ids = answerer.attend()
        const { value: attendanceId } = await ids.next()
        if (attendanceId === undefined) throw new Error('no attendance')
        return { caller, answerer, ids, attendanceId }
      }),
    )
    const left = pairs.map((_pair, index) => Math.floor((count + index) / pairs.length))
    await Promise.all(
      pairs.map(async ({ caller, answerer, ids, attendanceId }, index) => {
        for (let joined = 0; joined < (left[index] ?? 0); joined += 1) {
          const call = callThroughRelay(caller.connect(), attendanceId, { bearer: caller.bearer, signal })
          const { value: callId } = await ids.next()
          if (callId === undefined) throw new Error('no call')
          await Promise.all([call, answerer.answer(callId)])
        }
      }),
    )
  },
}

serveActor(requests, () => {
  for (const connection of connections) connection.close()
})
