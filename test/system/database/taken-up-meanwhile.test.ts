import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { drawInviteCode } from '#lib/invite-link.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { removeCohort } from '../../../services/auth/invites/cohort.ts'
import { issueInvites, listInvites, withdrawInvites } from '../../../services/auth/invites/invites.ts'
import { redeemInvite } from '../../../services/auth/invites/redeem-invite.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { Postgres, whyNoPostgres } from '../../support/postgres.ts'
import { rejection } from '../../support/rejection.ts'

const reason = whyNoPostgres()
const NOW_MS = Date.now()

describe(`an invite on PostgreSQL that is taken up at the same moment${reason ? `: ${reason}` : ''}`, function () {
  this.timeout(60_000)
  let postgres: Postgres
  let db: Kysely<AuthSchema>
  let id: string
  before(async function () {
    if (reason !== undefined) return this.skip()
    postgres = await Postgres.start()
  })
  after(async () => await postgres?.[Symbol.asyncDispose]())
  afterEach(() => db.destroy())

  /** Do something while somebody has taken up an invite for alice, of which nothing is committed yet. */
  async function whileTakenUp<T>(work: () => Promise<T>): Promise<T> {
    const database = `auth_${Math.random().toString(36).slice(2)}`
    const setting = { kind: 'postgres', url: await postgres.create(database) } as const
    db = await openDatabase<AuthSchema>(setting, MIGRATIONS, { durability: 'process' })
    const invite = { name: 'alice', displayName: '', cohort: 'term', isReset: false, code: drawInviteCode() }
    ;[id = ''] = await issueInvites(db, [invite], { nowMs: NOW_MS, expiresAtMs: NOW_MS + 60_000 })
    const untilWaiting = async (count: number) => {
      const waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
      while ((await postgres.query(database, waiting)) !== `${count}`);
    }
    const { taken, done } = await db.transaction().execute(async (transaction) => {
      // Who takes it up waits here, before the end.
      await takeTurn(transaction, 'audit')
      const redemption = { code: invite.code, username: 'alice', passwordHash: 'none' }
      const taken = redeemInvite(db, redemption, { mode: 'invite', nowMs: NOW_MS })
      await untilWaiting(1)
      const done = work()
      done.catch(() => undefined)
      await untilWaiting(2)
      return { taken, done }
    })
    expect(await taken).to.deep.equal({ inviteId: id, refusal: undefined })
    return await done
  }

  it('makes an account that is removed with its cohort', async () => {
    const removed = await whileTakenUp(() => removeCohort(db, 'term', NOW_MS))
    expect(removed).to.deep.equal({ names: ['alice'], invites: 0 })
    expect(await db.selectFrom('account').select('name').execute()).to.deep.equal([])
  })

  it('cannot be withdrawn any more', async () => {
    const error = await rejection(whileTakenUp(() => withdrawInvites(db, [id], NOW_MS)))
    expect(error.code).to.equal('ERR_NO_SUCH_INVITE')
    expect((await listInvites(db, NOW_MS)).map(({ state }) => state)).to.deep.equal(['used'])
  })
})
