import { expect } from 'chai'
import { appendAudit, byHost, byMember, readAudit } from '../../../../services/auth/audit/audit-log.ts'
import { type ChainedEntry, EMPTY_HEAD, headAt } from '../../../../services/auth/audit/chain.ts'
import { MAX_REFUSALS_PER_MINUTE, Refusals } from '../../../../services/auth/audit/refusals.ts'
import { backup, restore } from '../../../../services/auth/backup/backup.ts'
import { AuthRecords, passwordOf } from '../../../support/auth-records.ts'
import { keyPairOf } from '../../../support/random.ts'
import { rejection } from '../../../support/rejection.ts'

const RESTORE = { replace: true, endSessions: false, what: 'database restored', nowMs: 7 } as const
const COUNT = 5

describe('the audit log', () => {
  let records: AuthRecords
  beforeEach(async () => {
    records = await AuthRecords.open()
  })
  afterEach(() => records[Symbol.asyncDispose]())

  const append = (names: readonly string[], at: AuthRecords = records) =>
    at.db.transaction().execute((transaction) =>
      appendAudit(
        transaction,
        names.map((name) => byHost('account added', name)),
        at.clock.nowMs(),
      ),
    )
  const fill = () => append(Array.from({ length: COUNT }, (_, index) => `member${index}`))
  async function read(at: AuthRecords = records, keptHash?: Uint8Array) {
    const entries: ChainedEntry[] = []
    const head = await readAudit(at.db, { onEntry: (entry) => entries.push(entry), keptHash })
    return { entries, head }
  }
  const told = async () => (await read()).entries.map(({ who, what, subject, detail }) => [who, what, subject, detail])
  async function fault(keptHash?: Uint8Array): Promise<string> {
    const { code, message } = await rejection(read(records, keptHash))
    expect(code).to.equal('ERR_STORE_DAMAGED')
    return message.replace('the audit log is not what was written: ', '')
  }

  it('begins with nothing, and ends with the hash of its last entry', async () => {
    expect((await read()).head).to.deep.equal(EMPTY_HEAD)
    await fill()
    const { entries, head } = await read()
    expect(entries.map(({ number }) => number)).to.deep.equal([1, 2, 3, 4, 5])
    expect(Buffer.from(head.hash)).to.deep.equal(headAt(entries[COUNT - 1] as ChainedEntry).hash)
  })

  it('is the same chain for whoever writes the documented line into SHA-256', () => {
    const entry = { number: 1, at: 2, who: '(host)', what: 'account added', subject: 'é', detail: '"' }
    expect(Buffer.from(headAt({ ...entry, previous_hash: EMPTY_HEAD.hash }).hash).toString('hex')).to.equal(
      'a4a961fe0d96e4b24df69305dd51b50b226cc84fdfe37e0e0bb14be02a137f6b',
    )
  })

  it('is one chain, whoever writes at once', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, index) => append([`a${index}`, `b${index}`])))
    expect((await read()).head.number).to.equal(24)
  })

  it('has nothing of what was not done', async () => {
    await rejection(
      records.db.transaction().execute(async (transaction) => {
        await appendAudit(transaction, [byHost('account added', 'alice')], 1)
        throw new Error('after all')
      }),
    ).catch(() => undefined)
    expect((await read()).head).to.deep.equal(EMPTY_HEAD)
  })

  describe('that was tampered with', () => {
    beforeEach(fill)

    it('says which entries are missing, wherever they were', async () => {
      const { entries } = await read()
      for (let first = 1; first <= COUNT; first += 1) {
        for (let last = first; last <= COUNT; last += 1) {
          const cut = entries.filter(({ number }) => number >= first && number <= last)
          await records.db.deleteFrom('audit').where('number', '>=', first).where('number', '<=', last).execute()
          const what = first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`
          expect(await fault()).to.equal(what)
          await records.db.insertInto('audit').values(cut).execute()
        }
      }
      await read()
    })

    it('says which entry was changed, whatever of it', async () => {
      const { entries } = await read()
      for (const entry of entries) {
        for (const [column, value] of Object.entries({ at: 9, who: 'eve', what: 'x', subject: 'eve', detail: 'x' })) {
          const row = records.db.updateTable('audit').where('number', '=', entry.number)
          await row.set({ [column]: value }).execute()
          expect(await fault()).to.match(new RegExp(`entry ${entry.number}( was|:)`))
          await row.set(entry).execute()
        }
      }
      await read()
    })

    it('says so where entries changed places, or were put there', async () => {
      const { entries } = await read()
      const [second, third] = entries.slice(1) as [ChainedEntry, ChainedEntry]
      await records.db.updateTable('audit').where('number', '=', 2).set({ subject: third.subject }).execute()
      await records.db.updateTable('audit').where('number', '=', 3).set({ subject: second.subject }).execute()
      expect(await fault()).to.equal('entry 3 does not follow entry 2: one of them was changed or moved')
      await records.db.updateTable('audit').where('number', '=', 2).set(second).execute()
      await records.db.updateTable('audit').where('number', '=', 3).set(third).execute()
      const { head } = await read()
      await records.db
        .insertInto('audit')
        .values({ ...second, number: COUNT + 1, previous_hash: head.hash })
        .execute()
      expect(await fault()).to.equal(`entries behind ${COUNT} were put there`)
    })

    it('is found out by a head that was kept, even if all of it was written anew', async () => {
      const { entries, head } = await read()
      await append(['later'])
      for (const entry of entries) await read(records, headAt(entry).hash)
      await records.db.deleteFrom('audit').execute()
      await records.db.deleteFrom('audit_head').execute()
      await append(['mallory', 'member1', 'member2', 'member3', 'member4', 'later'])
      await read()
      expect(await fault(head.hash)).to.include('no entry has the hash that was given')
    })

    it('says so where only its end is gone', async () => {
      await records.db.deleteFrom('audit_head').execute()
      expect(await fault()).to.equal('entries behind 0 were put there')
    })
  })

  describe('and what happens', () => {
    it('tells of accounts and sessions, in the order in which they changed', async () => {
      const { accounts, sessions } = records
      await accounts.add([{ name: 'alice', password: passwordOf('first') }])
      const signIn = async (key: string, replace = false) =>
        await sessions.begin(
          await accounts.authenticate('alice', passwordOf('first')),
          keyPairOf(key).publicKey,
          replace,
        )
      await signIn('laptop')
      await rejection(signIn('phone'))
      await signIn('phone', true)
      await accounts.setDisplayName('alice', 'Alice')
      await accounts.setDisabled('alice', true)
      await accounts.setDisabled('alice', false)
      await accounts.setPassword('alice', passwordOf('second'))
      await accounts.remove('alice')
      const asked = 'the account was to be given to its identity key, others ended: 1'
      expect(await told()).to.deep.equal([
        ['(host)', 'account added', 'alice', ''],
        ['alice', 'session begun', 'alice', ''],
        ['alice', 'session begun', 'alice', asked],
        ['(host)', 'display name changed', 'alice', ''],
        ['(host)', 'account disabled', 'alice', ''],
        ['(host)', 'account enabled', 'alice', ''],
        ['(host)', 'password changed', 'alice', ''],
        ['(host)', 'account removed', 'alice', ''],
      ])
    })

    it('has so many refusals a minute, and counts the others', async () => {
      const refusals = new Refusals(records.db, () => records.clock.nowMs())
      const refusal = byMember('alice', 'sign-in refused', 'wrong password')
      for (let count = 0; count < MAX_REFUSALS_PER_MINUTE + 7; count += 1) await refusals.note(refusal)
      expect(await told()).to.have.length(MAX_REFUSALS_PER_MINUTE)
      records.clock.advance(60_000)
      await refusals.note(refusal)
      expect((await told()).slice(MAX_REFUSALS_PER_MINUTE)).to.deep.equal([
        ['(auth)', 'refusals not told', '', '7'],
        ['alice', 'sign-in refused', 'alice', 'wrong password'],
      ])
    })
  })

  describe('and a restore', () => {
    beforeEach(fill)
    const linesOf = (at: AuthRecords) => backup(at.db, at.clock.now())

    it('goes into an empty database with the log', async () => {
      await using other = await AuthRecords.open()
      const { head } = await read()
      await restore(other.db, await linesOf(records), RESTORE)
      const { entries } = await read(other, head.hash)
      expect(entries.at(-1)).to.include({ number: COUNT + 1, what: 'database restored', detail: '' })
    })

    it('cuts nothing out of the log that the copy is from', async () => {
      const lines = await linesOf(records)
      await append(['after the copy'])
      const { head } = await read()
      await restore(records.db, lines, RESTORE)
      expect((await read(records, head.hash)).head.number).to.equal(COUNT + 2)
    })

    it('says with which hash a log ended that it takes the place of', async () => {
      await using other = await AuthRecords.open()
      await append(['of another installation'], other)
      const { head } = await read(other)
      await restore(other.db, await linesOf(records), RESTORE)
      const { entries } = await read(other)
      expect(entries.at(-1)?.detail).to.include(Buffer.from(head.hash).toString('hex'))
    })
  })
})
