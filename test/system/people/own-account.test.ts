import { execPath } from 'node:process'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'

describe("one's own account", () => {
  let installation: Installation

  before(async () => {
    installation = await Installation.start('alice')
  })
  after(() => installation[Symbol.asyncDispose]())

  async function sotto(args: readonly string[], input = '', home = installation.home.path) {
    const options = { env: environmentOf(home), input }
    await using running = new TestProcess(execPath, [SOTTO, ...args], options)
    return await outcomeOf(running)
  }
  const own = ['--profile', 'alice']
  const admin = (...args: readonly string[]) => sotto(['admin', ...args], '', installation.auth.folder.path)

  it('has its sessions listed, and ended one by one or all at once', async () => {
    const others = [
      await installation.auth.login('alice', await key()),
      await installation.auth.login('alice', await key()),
    ]
    const { output, errors } = await sotto(['sessions', ...own, '--json'])
    const listed = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(listed.map(({ current }) => current).sort(), errors).to.deep.equal([false, false, true])
    const shown = await sotto(['sessions', ...own])
    expect(shown.output).to.match(/^[0-9a-f]{8} {2}since .* {2}last used about .* {2}this profile$/m)

    const current = listed.find((each) => each.current).id
    for (const [args, said] of [
      [[], 'it is not clear which sessions are meant'],
      [['--others', current], 'it is not clear which sessions are meant'],
      [['zz'], 'no session is meant'],
      [[current.slice(0, 8)], 'that is the session of this profile'],
    ] as const) {
      const refused = await sotto(['sessions', 'end', ...args, ...own])
      expect([refused.code, refused.errors.includes(said)], refused.errors).to.deep.equal([2, true])
    }
    const one = await sotto(['sessions', 'end', others[0]?.id.toString('hex').slice(0, 12) ?? '', ...own])
    expect([one.code, one.errors]).to.deep.equal([0, 'sotto: one session has ended\n'])
    const rest = await sotto(['sessions', 'end', '--others', ...own, '--json'])
    expect(rest.output).to.equal('{"ended":1}\n')
    expect((await sotto(['whoami', ...own])).code).to.equal(0)
  })

  it('has its password changed by who knows the present one', async () => {
    const wrong = await sotto(['password', ...own], 'not this one\nquite another password\n')
    expect([wrong.code, wrong.errors.includes('the present password is another (ERR_LOGIN_REFUSED)')]).to.deep.equal([
      4,
      true,
    ])
    const weak = await sotto(['password', ...own], "alice's password\nshort\n")
    expect([weak.code, weak.errors.includes('8 characters at least')]).to.deep.equal([2, true])
    const changed = await sotto(['password', ...own], "alice's password\nquite another password\n")
    expect(changed.code, changed.errors).to.equal(0)
    expect((await sotto(['sessions', ...own])).code).to.equal(0)
    expect((await sotto(['login', 'alice', ...own], "alice's password\n")).code).to.equal(4)
    expect((await sotto(['login', 'alice', ...own], 'quite another password\n')).code).to.equal(0)
  })

  it('gets another password by a link that the host prints, and the present one stays until then', async () => {
    const { output: link, code, errors } = await admin('reset-password', 'alice')
    expect(code, errors).to.equal(0)
    expect((await sotto(['login', 'alice', ...own], 'quite another password\n')).code).to.equal(0)
    const joined = await sotto(['join', ...own], `${link}a password for a third time\n`)
    expect(joined.code, joined.errors).to.equal(0)
    expect((await sotto(['login', 'alice', ...own], 'quite another password\n')).code).to.equal(4)
    expect((await admin('reset-password', 'nobody')).code).to.equal(5)
  })

  it('is disabled, enabled and given a display name by the host', async () => {
    expect((await admin('set-display-name', 'alice', 'Alice  \u00c5')).code).to.equal(0)
    expect((await admin('disable', 'alice')).code).to.equal(0)
    expect(JSON.parse((await admin('list-users', '--json')).output)).to.include({
      name: 'alice',
      displayName: 'Alice \u00c5',
      disabled: true,
      sessions: 0,
    })
    const refused = await sotto(['login', 'alice', ...own], 'a password for a third time\n')
    expect([refused.code, refused.errors.includes('(ERR_ACCOUNT_DISABLED)')]).to.deep.equal([4, true])
    expect((await sotto(['sessions', ...own])).code).to.equal(4)
    expect((await admin('enable', 'alice')).code).to.equal(0)
    expect((await sotto(['login', 'alice', ...own], 'a password for a third time\n')).code).to.equal(0)
    for (const command of ['disable', 'enable', 'set-display-name'])
      expect((await admin(command, 'nobody')).code).to.equal(5)
  })

  /** The identity key of alice's profile, with which other sessions of the account begin. */
  async function key() {
    const { state } = await Profile.open(installation.home.path, 'alice')
    return { identityKey: Buffer.from(state.identity.publicKey) }
  }
})
