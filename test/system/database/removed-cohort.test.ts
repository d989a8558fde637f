import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { openDatabase } from '#lib/runtime/database/database.ts'
import { Secret } from '#lib/secret.ts'
import { insertAccounts, newAccountRow } from '../../../services/auth/accounts/account-rows.ts'
import { removeCohort } from '../../../services/auth/invites/cohort.ts'
import { WrappingKey } from '../../../services/auth/keys/key-wrapping.ts'
import { WrappingKeys } from '../../../services/auth/keys/wrapping-keys.ts'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import { beginSessions, type NewSession } from '../../../services/auth/sessions/begin-sessions.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { Postgres, whyNoPostgres } from '../../support/postgres.ts'
import { keyPairOf } from '../../support/random.ts'

const reason = whyNoPostgres()

describe(`removeCohort on PostgreSQL${reason ? `: ${reason}` : ''}`, () => {
  it('tells of the end of a session that begins at the same moment', async function () {
    if (reason !== undefined) return this.skip()
    this.timeout(60_000)
    await using postgres = await Postgres.start()
    const setting = { kind: 'postgres', url: await postgres.create('auth') } as const
    const db = await openDatabase<AuthSchema>(setting, MIGRATIONS, { durability: 'process' })
    try {
      const nowMs = systemClock.now().getTime()
      const bob = { ...newAccountRow({ name: 'bob', passwordHash: 'none', nowMs }), cohort: 'term' }
      await db.transaction().execute((transaction) => insertAccounts(transaction, [bob]))
      const keys = [new WrappingKey(Secret.of(Buffer.alloc(32, 1)))] as const
      const options = {
        wrappingKeys: new WrappingKeys([...keys], async () => [...keys], systemClock),
        lifetimeMs: 60_000,
        isSecondFactorRequired: false,
        nowMs,
      }
      const beginning = {
        account: { id: bob.id, name: bob.name, passwordEpoch: bob.password_epoch },
        identityKey: keyPairOf('bob').publicKey,
        replace: false,
        code: '',
      }
      let removing: Promise<unknown> | undefined
      const [session] = await db.transaction().execute(async (transaction) => {
        const begun = await beginSessions(transaction, [beginning], options)
        removing = removeCohort(db, 'term', nowMs)
        const waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        while ((await postgres.query('auth', waiting)) === '0');
        return begun
      })
      await removing
      const ended = await db.selectFrom('revocation').select('session_id').execute()
      expect(ended.map(({ session_id }) => session_id)).to.deep.equal([Buffer.from((session as NewSession).id)])
    } finally {
      await db.destroy()
    }
  })
})
