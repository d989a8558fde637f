import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { MIGRATIONS } from '../../../services/auth/migrations.ts'
import type { AuthSchema } from '../../../services/auth/store.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { openTestDatabase } from '../../support/test-database.ts'

const EXIT_INTERNAL = 1
const EXIT_USAGE = 2

describe('sotto admin audit', () => {
  let auth: AuthUnderTest
  before(async () => {
    auth = await AuthUnderTest.start()
    await auth.addUser('alice', "alice's password")
  })
  after(() => auth[Symbol.asyncDispose]())

  async function admin(...args: string[]): Promise<Outcome> {
    const command = [SOTTO, 'admin', ...args]
    await using process = new TestProcess(execPath, command, { env: environmentOf(auth.folder.path) })
    return await outcomeOf(process)
  }
  const headOf = (output: string) => /^head ([0-9a-f]{64}) of \d+ entries$/m.exec(output)?.[1] ?? ''

  it('prints who did what, a line each, and last the head that a later log is checked by', async () => {
    const first = await admin('audit')
    const lines = first.output.trimEnd().split('\n')
    expect(first.code, first.errors).to.equal(0)
    expect(lines[2]).to.match(/^ {5}3 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(host\) account added alice$/)
    // Many processes at once make one chain.
    const changes = [admin('disable', 'alice'), admin('enable', 'alice'), admin('invite', 'bob')]
    expect((await Promise.all(changes)).map(({ code }) => code)).to.deep.equal([0, 0, 0])
    const later = await admin('audit', '--head', headOf(first.output))
    expect([later.code, later.errors]).to.deep.equal([0, ''])
    expect(later.output).to.match(/of 6 entries\n$/)
  })

  it('says it as JSON, and from a time on', async () => {
    const { output } = await admin('audit', '--json', '--since', '2999-01-01T00:00')
    expect(output.trimEnd().split('\n')).to.have.length(1)
    expect(JSON.parse(output)).to.include({ type: 'head', entries: 6 })
    const all = (await admin('audit', '--json', '--since', '2020-01-01')).output.trimEnd().split('\n')
    expect(all).to.have.length(7)
    expect(JSON.parse(all[2] ?? '')).to.include({ type: 'entry', number: 3, who: '(host)', subject: 'alice' })
  })

  it('refuses what is no time and no hash', async () => {
    const wrong = [
      ['--since', 'yesterday'],
      ['--since', '2027-13-01'],
      ['--head', 'abc'],
      ['--head', `${'0'.repeat(63)}g`],
    ]
    for (const args of wrong) expect((await admin('audit', ...args)).code, args.join(' ')).to.equal(EXIT_USAGE)
  })

  it('names what was cut or changed, and fails', async () => {
    const head = headOf((await admin('audit')).output)
    const elsewhere = await admin('audit', '--head', head.replaceAll(/[0-7]/g, '8'))
    expect(elsewhere.code).to.equal(EXIT_INTERNAL)
    expect(elsewhere.errors).to.match(/no entry has the hash that was given[^\n]*\(ERR_STORE_DAMAGED\)\n/)
    expect(elsewhere.output).not.to.include('head ')
    const db = await openTestDatabase<AuthSchema>(MIGRATIONS, join(auth.config.dataFolder, 'auth.db'))
    await db.updateTable('audit').set({ who: 'eve' }).where('number', '=', 4).execute()
    await db.destroy()
    const { code, errors } = await admin('audit')
    expect(code).to.equal(EXIT_INTERNAL)
    expect(errors).to.match(/entry 5 does not follow entry 4[^\n]*\(ERR_STORE_DAMAGED\)\n/)
  })
})
