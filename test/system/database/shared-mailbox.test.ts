import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import type { AttendResponse } from '#gen/sotto/relay/v1/relay_service.ts'
import { drawPrekey } from '#lib/letter/prekey.ts'
import { connect } from '#lib/rpc/client.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import { DEFAULT_LETTER_LIMITS, Letters } from '../../../services/relay/mailbox/letters.ts'
import { type MailboxSchema, MIGRATIONS } from '../../../services/relay/mailbox/store.ts'
import { OpenStream } from '../../support/open-stream.ts'
import { Postgres, whyNoPostgres } from '../../support/postgres.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { onWire } from '../../support/running-mailbox.ts'
import { RelayUnderTest } from '../../support/running-relay.ts'

/** An attendance that has begun: what comes is mail. */
class Attending extends OpenStream<AttendResponse> {
  static async begin(relay: RelayUnderTest, { keys }: TestSession): Promise<Attending> {
    const attending = new Attending((signal) =>
      relay.connect().call.attend({}, { bearer: keys.relayBearer as never, signal }),
    )
    expect((await attending.next()).event?.$case).to.equal('attendanceId')
    return attending
  }

  async mail(): Promise<void> {
    expect((await this.next()).event?.$case).to.equal('mail')
  }
}

const reason = whyNoPostgres()

describe(`two relays on one PostgreSQL${reason ? `: ${reason}` : ''}`, () => {
  let postgres: Postgres
  let auth: AuthUnderTest
  let database: { readonly kind: 'postgres'; readonly url: string }
  let relays: RelayUnderTest[]
  let alice: TestSession
  let bob: TestSession

  before(async function () {
    if (reason !== undefined) return this.skip()
    this.timeout(60_000)
    postgres = await Postgres.start()
    database = { kind: 'postgres', url: await postgres.create('mailbox') }
    auth = await AuthUnderTest.start({ clock: systemClock })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    ;[alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    relays = [
      await RelayUnderTest.start(auth, { config: { database } }),
      await RelayUnderTest.start(auth, { config: { database } }),
    ]
  })
  after(async () => {
    for (const relay of relays ?? []) await relay[Symbol.asyncDispose]()
    await auth?.[Symbol.asyncDispose]()
    await postgres?.[Symbol.asyncDispose]()
  })

  /** Post a letter for bob at the first relay. */
  async function post(): Promise<void> {
    const mailbox = connect(MailboxServiceService, relays[0]?.target as never)
    const lastResort = onWire(drawPrekey(randomBytes).prekey)
    const own = { bearer: bob.keys.relayBearer as never }
    await mailbox.call.putPrekeys({ prekeys: [], lastResort, withdrawnIds: [] }, own)
    const letter = { username: 'bob', sessionId: bob.id, letter: randomBytes(100) }
    await mailbox.call.postLetters({ letters: [letter] }, { bearer: alice.keys.relayBearer as never })
    mailbox.close()
  }

  it('say both that letters have come, at whichever of them they were posted', async () => {
    const attending = await Promise.all(relays.map((relay) => Attending.begin(relay, bob)))
    const other = await Attending.begin(relays[1] as RelayUnderTest, alice)
    const nothing = other.mail().then(
      () => 'mail',
      () => 'nothing',
    )
    await post()
    for (const each of attending) await each.mail()
    other.cancel()
    expect(await nothing).to.equal('nothing')
  })

  it('look, when their connection comes back, for whom letters came meanwhile', async () => {
    const attending = await Attending.begin(relays[1] as RelayUnderTest, bob)
    // One that nobody is told of, as if the notice had been lost.
    const db = await openDatabase<MailboxSchema>(database, MIGRATIONS, { durability: 'process' })
    const letters = new Letters(db, DEFAULT_LETTER_LIMITS, Date.now)
    const receiver = { account: 'bob', sessionId: bob.id }
    await letters.post({ sender: 'alice', receiver, content: randomBytes(100) })
    await db.destroy()
    const others = "datname = 'mailbox' and pid <> pg_backend_pid()"
    await postgres.query('mailbox', `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`)
    await attending.mail()
  })
})
