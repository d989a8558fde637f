/**
 * Both ends of calls through a relay, as an actor, each over a connection of its own: calls that are joined and carry nothing,
 * or a flood through one.
 *
 *     joined-calls.ts HOME
 *
 * @module
 */
import { connect } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import type { Secret } from '#lib/secret.ts'
import { relayTarget } from '../../../clients/peer/relay/relay-link.ts'
import { RelayService } from '../../../clients/peer/relay/relay-service.ts'
import { callThroughRelay, type RelayConnection } from '../../../clients/peer/relay/relayed-call.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { Requests } from '../framework/actor.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface JoinedCallsRequests extends Requests {
  /** Join so many calls more, between accounts of these profiles, and hold them. */
  join: (count: number, callers: readonly string[], answerers: readonly string[]) => Promise<void>
  /** Join a call, and send messages of so many bytes through it for so many milliseconds, as fast as the relay takes them: how many. */
  flood: (caller: string, answerer: string, bytes: number, ms: number) => Promise<number>
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
  async answer(callId: Buffer): Promise<Duplex<unknown, never>> {
    const stream = this.connect().call.answer({ bearer: this.bearer, signal })
    await stream.send(callId)
    return stream
  }
}

/** Two accounts, of which the second attends for calls of the first. */
class Accounts {
  readonly #caller: Account
  readonly #answerer: Account
  readonly #ids: AsyncGenerator<Buffer, void, void>
  readonly #attendanceId: Buffer

  static async open(callerName: string, answererName: string): Promise<Accounts> {
    const [caller, answerer] = [await Account.open(callerName), await Account.open(answererName)]
    const ids = answerer.attend()
    const { value: attendanceId } = await ids.next()
    if (attendanceId === undefined) throw new Error('no attendance')
    return new Accounts(caller, answerer, ids, attendanceId)
  }

  private constructor(
    caller: Account,
    answerer: Account,
    ids: AsyncGenerator<Buffer, void, void>,
    attendanceId: Buffer,
  ) {
    this.#caller = caller
    this.#answerer = answerer
    this.#ids = ids
    this.#attendanceId = attendanceId
  }

  /** Join a call more. */
  async join() {
    const { bearer } = this.#caller
    const called = callThroughRelay(this.#caller.connect(), this.#attendanceId, { bearer, signal })
    const { value: callId } = await this.#ids.next()
    if (callId === undefined) throw new Error('no call')
    const [caller, answerer] = await Promise.all([called, this.#answerer.answer(callId)])
    return { caller, answerer }
  }
}

const requests: JoinedCallsRequests = {
  async join(count, callers, answerers) {
    const pairs = await Promise.all(callers.map((name, index) => Accounts.open(name, answerers[index] ?? '')))
    const left = pairs.map((_pair, index) => Math.floor((count + index) / pairs.length))
    await Promise.all(
      pairs.map(async (pair, index) => {
        for (let joined = 0; joined < (left[index] ?? 0); joined += 1) await pair.join()
      }),
    )
  },
  async flood(callerName, answererName, bytes, ms) {
    const { caller, answerer } = await (await Accounts.open(callerName, answererName)).join()
    let count = 0
    const reading = (async () => {
      for await (const _ of answerer.messages) count += 1
    })()
    const endMs = performance.now() + ms
    const value = Buffer.alloc(bytes)
    while (performance.now() < endMs) await caller.send({ message: { $case: 'record', value } })
    caller.cancel()
    // It ends with an error, as nobody has said goodbye.
    await reading.catch(() => {})
    return count
  },
}

serveActor(requests, () => {
  for (const connection of connections) connection.close()
})
