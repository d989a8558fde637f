import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { execPath } from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'

const PASSWORD = 'a password of her own'

describe('sotto join', () => {
  let installation: Installation

  before(async () => {
    installation = await Installation.start()
  })
  after(() => installation[Symbol.asyncDispose]())

  const start = (home: string, args: readonly string[], input?: string | 'open') =>
    new TestProcess(execPath, [SOTTO, ...args], { env: environmentOf(home), input })

  async function sotto(args: readonly string[], input = '', home = installation.home.path) {
    await using running = start(home, args, input)
    return await outcomeOf(running)
  }

  /** The link that `sotto admin invite` prints, with the port that this Auth really has. */
  async function linkFor(...args: readonly string[]): Promise<string> {
    const { output, code, errors } = await sotto(['admin', 'invite', ...args], '', installation.auth.folder.path)
    expect(code, errors).to.equal(0)
    return output.trim()
  }

  it('goes from a link to a session, and a second time by the password alone', async () => {
    const link = await linkFor('alice', '--display-name', 'Alice  Müller')
    expect(link).to.match(/^sotto:\/\/localhost:\d+\/join\/alice#[0-9a-f]{64}\.[0-9a-f]{32}$/)
    const args = ['join', '--profile', 'alice', '--json']
    const joined = await sotto(args, `${link}\n${PASSWORD}\n`)
    expect(joined.code, joined.errors).to.equal(0)
    expect(JSON.parse(joined.output)).to.include({ name: 'alice', profile: 'alice' })
    // As where the answer to the first was lost.
    expect((await sotto(args, `${link}\n${PASSWORD}\n`)).code).to.equal(0)
    const stranger = await sotto(['join', '--profile', 'eve'], `${link}\nanother password\n`)
    expect([stranger.code, stranger.errors.includes('(ERR_INVITE_REFUSED)')]).to.deep.equal([4, true])
    const { output } = await sotto(['admin', 'invites', '--json'], '', installation.auth.folder.path)
    expect(JSON.parse(output)).to.include({ name: 'alice', displayName: 'Alice Müller', state: 'used' })
  })

  for (const args of ['invite uma', 'invite uma --json', 'reset-password alice']) {
    it(`leaves no link open that could not be printed: sotto admin ${args}`, async function () {
      // Only Linux has a disk that is always full.
      if (!existsSync('/dev/full')) this.skip()
      const home = installation.auth.folder.path
      const line = `"$0" "$1" admin ${args} >/dev/full`
      await using running = new TestProcess('sh', ['-c', line, execPath, SOTTO], { env: environmentOf(home) })
      const { code, errors } = await outcomeOf(running)
      expect([code, errors.includes('(ERR_OUTPUT)')], errors).to.deep.equal([1, true])
      const [, id] = errors.match(/the invite ([0-9a-f]+) is withdrawn/) ?? []
      const [newest = ''] = (await sotto(['admin', 'invites', '--json'], '', home)).output.split('\n')
      expect(JSON.parse(newest)).to.include({ id, state: 'withdrawn' })
    })
  }

  it('asks for a name where the invite leaves it open', async () => {
    const joined = await sotto(['join', '--profile', 'bob'], `${await linkFor()}\nbob\n${PASSWORD}\n`)
    expect(joined.code, joined.errors).to.equal(0)
    expect(joined.errors).to.include('welcome, bob; next: sotto chat --profile bob')
    const named = await sotto(['join', await linkFor(), '--name', 'carol', '--profile', 'carol'], `${PASSWORD}\n`)
    expect(named.code, named.errors).to.equal(0)
  })

  it('takes a link that is an argument out of the process list, and says it nowhere', async () => {
    const link = await linkFor('dora')
    const code = link.slice(-32)
    await using joining = start(installation.home.path, ['join', link, '--profile', 'dora'], 'open')
    const listed = () => readFile(`/proc/${joining.pid}/cmdline`, 'utf8')
    // It waits for a password, and so for as long as this takes.
    while ((await listed()).includes(code)) await setImmediate()
    joining.input.write('short\n')
    joining.input.end()
    const { errors, code: exitCode } = await outcomeOf(joining)
    expect([exitCode, errors.includes('8 characters at least')]).to.deep.equal([2, true])
    expect(errors).not.to.include(code)
  })

  it('refuses what is no link, a name that is none or another, and a wrong authority, before anything is made', async () => {
    const link = await linkFor('frank')
    const refusals: [input: string, args: string[], said: string, exitCode: number][] = [
      ['', [], "the invite's link is not given (ERR_USAGE)", 2],
      [`${link.slice(0, -1)}\n`, [], 'that is no link of an invite (ERR_USAGE)', 2],
      [`${link}\n`, ['--name', 'grace'], 'the invite is for frank (ERR_USAGE)', 2],
      [`${await linkFor()}\nGrace\n${PASSWORD}\n`, [], 'that is no name for an account (ERR_USAGE)', 2],
      [`${link.replace(/#.{4}/, '#0000')}\n${PASSWORD}\n`, [], '(ERR_CA_MISMATCH)', 3],
    ]
    for (const [input, args, said, exitCode] of refusals) {
      const { code, errors } = await sotto(['join', '--profile', 'frank', ...args], input)
      expect([code, errors.includes(said)], errors).to.deep.equal([exitCode, true])
    }
    expect((await sotto(['join', '--profile', 'alice'], `${link}\n${PASSWORD}\n`)).errors).to.include(
      'belongs to alice',
    )
    expect((await sotto(['join', '--profile', 'frank'], `${link}\n${PASSWORD}\n`)).code).to.equal(0)
  })
})
