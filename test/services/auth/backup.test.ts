import { expect } from 'chai'
import { backup, type RestoreOptions, restore } from '../../../services/auth/backup/backup.ts'
import type { Revocations } from '../../../services/auth/revocations.ts'
import { TABLES } from '../../../services/auth/store.ts'
import { AuthRecords, findSession, passwordOf } from '../../support/auth-records.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const OPTIONS: RestoreOptions = { replace: false, endSessions: false, what: 'database restored', nowMs: 0 }

/** Hear of what has ended up to this session. @returns its number. */
async function untilTold(watch: ReturnType<Revocations['watch']>, sessionId: Uint8Array): Promise<number> {
  for await (const { number, sessionIds } of watch) {
    if (sessionIds.some((id) => Buffer.from(sessionId).equals(id))) return number
    if (sessionIds.length === 0) break
  }
  throw new Error('nobody was told')
}

describe("a backup of Auth's database", () => {
  let source: AuthRecords
  let target: AuthRecords

  beforeEach(async () => {
    ;[source, target] = await Promise.all([AuthRecords.open(), AuthRecords.open()])
    for (const name of ['alice', 'bob']) await source.accounts.add([{ name, password: passwordOf(`${name}'s`) }])
  })
  afterEach(async () => {
    await source[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  async function beginSession(records: AuthRecords, name: string) {
    const account = await records.accounts.authenticate(name, passwordOf(`${name}'s`))
    return await records.sessions.begin(account, keyPairOf(name).publicKey, false)
  }
  const linesOf = (records: AuthRecords) => backup(records.db, records.clock.now())
  const restoreInto = (records: AuthRecords, lines: readonly string[], options: Partial<RestoreOptions> = {}) =>
    restore(records.db, lines, { ...OPTIONS, ...options })
  const rowsOf = async (records: AuthRecords) => {
    const rows = []
    // The audit log has an entry more: audit/audit-log.test.ts.
    const tables = TABLES.filter((table) => !table.startsWith('audit'))
    for (const table of tables) rows.push(await records.db.selectFrom(table).selectAll().execute())
    return rows
  }

  it('has every table, and nothing else', async () => {
    const names = (await source.db.introspection.getTables()).map(({ name }) => name)
    expect(names.sort()).to.deep.equal([...TABLES].sort())
  })

  it('gives back what was there, into an empty database', async () => {
    await beginSession(source, 'alice')
    expect(await restoreInto(target, await linesOf(source))).to.equal(2)
    expect(await rowsOf(target)).to.deep.equal(await rowsOf(source))
    await target.accounts.authenticate('bob', passwordOf("bob's"))
  })

  it('is made while others write, and keeps nobody from it', async () => {
    await using beside = await AuthRecords.open({ folder: source.folder })
    const [lines] = await Promise.all([
      linesOf(source),
      beside.accounts.add([{ name: 'carol', password: passwordOf("carol's") }]),
    ])
    expect(await restoreInto(target, lines)).to.be.oneOf([2, 3])
  })

  it('takes the place of accounts only where that is asked for', async () => {
    await target.accounts.add([{ name: 'zoe', password: passwordOf("zoe's") }])
    const lines = await linesOf(source)
    expect((await rejection(restoreInto(target, lines))).code).to.equal('ERR_ACCOUNT_EXISTS')
    expect(await target.accounts.exists('zoe')).to.equal(true)
    expect(await restoreInto(target, lines, { replace: true })).to.equal(2)
    expect(await target.accounts.exists('zoe')).to.equal(false)
  })

  it('tells directories of the sessions that are gone with it, under numbers that go on', async () => {
    const kept = await beginSession(source, 'alice')
    const lines = await linesOf(source)
    const later = await beginSession(source, 'bob')
    await source.accounts.setPassword('alice', passwordOf("alice's new"))
    await restoreInto(source, lines, { replace: true, nowMs: 7 })
    const told = await source.db.selectFrom('revocation').selectAll().execute()
    expect(told.map(({ number, session_id, ended_at }) => [number, Buffer.from(session_id), ended_at])).to.deep.equal([
      [2, later.id, 7],
    ])
    expect(await findSession(source.sessions, kept.id)).not.to.equal(undefined)
  })

  it('lets numbers go on for those who listen, though no session is gone with it', async () => {
    await source.accounts.add([{ name: 'carol', password: passwordOf("carol's") }])
    for (const name of ['alice', 'bob']) {
      await beginSession(source, name)
      await source.accounts.setPassword(name, passwordOf(`${name}'s new`))
    }
    const over = new AbortController()
    const open = source.revocations.watch(undefined, over.signal)
    expect((await open.next()).value).to.include({ number: 2 })
    await restoreInto(source, await linesOf(source), { replace: true })
    const later = await beginSession(source, 'carol')
    await source.accounts.setPassword('carol', passwordOf("carol's new"))
    source.revocations.noteChange()
    const told = await untilTold(open, later.id)
    over.abort()
    expect(told).to.equal(4)
  })

  it('lets nobody believe that they have heard all, who have missed what is gone with it', async () => {
    await beginSession(source, 'alice')
    await beginSession(source, 'bob')
    await source.accounts.setPassword('alice', passwordOf("alice's new"))
    await source.accounts.setPassword('bob', passwordOf("bob's new"))
    await restoreInto(source, await linesOf(source), { replace: true })
    const over = new AbortController()
    const incomplete: unknown[] = []
    for (const after of [1, 2]) {
      const said = await source.revocations.watch(after, over.signal).next()
      incomplete.push(said.value?.incomplete)
    }
    expect(incomplete).to.deep.equal([true, false])
  })

  it('has everybody sign in again where that is asked for', async () => {
    const session = await beginSession(source, 'alice')
    await restoreInto(target, await linesOf(source), { endSessions: true })
    expect(await findSession(target.sessions, session.id)).to.equal(undefined)
    expect(await target.accounts.exists('alice')).to.equal(true)
  })

  describe('that is damaged', () => {
    let lines: string[]
    beforeEach(async () => {
      await beginSession(source, 'alice')
      lines = await linesOf(source)
    })

    async function expectRefusal(damaged: readonly string[]): Promise<void> {
      expect((await rejection(restoreInto(target, damaged))).code).to.equal('ERR_STORE')
      expect(await target.accounts.list()).to.deep.equal([])
    }

    it('is refused where it is cut, anywhere', async () => {
      for (let length = 0; length < lines.length; length += 1) await expectRefusal(lines.slice(0, length))
      const last = lines.at(-1) ?? ''
      await expectRefusal([...lines.slice(0, -1), last.slice(0, -1)])
    })

    it('is refused where a line is missing, twice, or elsewhere', async () => {
      for (let index = 0; index < lines.length; index += 1) {
        await expectRefusal(lines.toSpliced(index, 1))
        await expectRefusal(lines.toSpliced(index, 0, lines[index] ?? ''))
      }
      await expectRefusal([lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)])
    })

    it('is refused where a letter is another', async () => {
      for (const [index, line] of lines.entries()) {
        for (let at = 0; at < line.length; at += 7) {
          const other = line[at] === 'x' ? 'y' : 'x'
          await expectRefusal(lines.with(index, `${line.slice(0, at)}${other}${line.slice(at + 1)}`))
        }
      }
    })

    it('is refused where it is of another version, or nothing of ours', async () => {
      await expectRefusal(lines.with(0, (lines[0] ?? '').replace('"version":1', '"version":2')))
      await expectRefusal(lines.with(0, (lines[0] ?? '').replace('0003', '0009')))
      await expectRefusal(['{}', '[]', 'null', '1', '"text"'])
    })
  })
})
