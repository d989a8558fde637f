/** What a command prints to be typed does what it says, typed as it is printed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { logout } from '../../../clients/session/login.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'

describe('what is printed to be typed', function () {
  this.timeout(300_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  /** Type a line into a shell in which sotto is installed. */
  async function type(line: string, input?: string): Promise<Outcome> {
    const home = installation.home.path
    const script = `sotto() { "${process.execPath}" "${SOTTO}" "$@"; }; ${line}`
    const env = environmentOf(home, { HOME: home })
    await using shell = new TestProcess('bash', ['-c', script], { env, ...(input !== undefined && { input }) })
    return await outcomeOf(shell)
  }

  /** The command behind some words of a text, up to the end of its line or clause. */
  function printed(text: string, words: string): string {
    const [, after = `nothing is printed after "${words}"`] = text.split(words)
    return after.split(/[;,\n]/, 1)[0] ?? ''
  }

  it('takes the file that is offered to a receiver', async () => {
    const path = join(installation.home.path, 'film')
    await writeFile(path, 'a film')
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'see:', { files: [path] })
    await bob.errors.until((text) => text.includes('to take it: '))
    expect(await type(printed(bob.errors.text, 'to take it: '))).to.include({ code: 0 })
    await alice.done
  })

  it('signs in again where the session has ended at Auth alone', async () => {
    const profile = await Profile.open(installation.home.path, 'alice')
    const { state } = profile
    await logout(profile, new AbortController().signal)
    await profile.update(() => state)
    const ended = await type('sotto send bob hello --profile alice')
    expect(ended.code, ended.errors).to.equal(4)
    const again = await type(printed(ended.errors, 'sign in again with: '), "alice's password\n")
    expect(again.code, again.errors).to.equal(0)
  })

  it('begins a session where there is none, and sends what it says next', async () => {
    await using bob = await installation.receive('bob')
    expect((await type('sotto logout --profile alice')).code).to.equal(0)
    const none = await type('sotto send bob hello --profile alice')
    expect(none.code, none.errors).to.equal(4)
    const signedIn = await type(printed(none.errors, 'begin one with: '), "alice's password\n")
    expect(signedIn.code, signedIn.errors).to.equal(0)
    const send = printed(signedIn.errors, ', or: ').replace('USER', 'bob')
    expect(await type(send, 'hello\n')).to.include({ code: 0 })
    await bob.output.until((text) => text.includes('hello'))
    const chat = printed(signedIn.errors, 'next: ')
    expect(await type(`${chat} --json`, '')).to.include({ code: 0 })
  })

  it('unblocks, and notes a comparison', async () => {
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'hello').done
    const compare = await type('sotto verify bob --profile alice')
    const verified = await type(printed(compare.errors, 'once you have compared: '))
    expect(verified.code, verified.errors).to.equal(0)
    expect(verified.errors).to.include('bob is verified')
    expect((await type('sotto block bob --profile alice')).code).to.equal(0)
    const blocked = await type('sotto send bob again --profile alice')
    expect(blocked.code, blocked.errors).to.equal(2)
    expect((await type(printed(blocked.errors, 'let them again with: '))).code).to.equal(0)
    expect(await type('sotto send bob again --profile alice')).to.include({ code: 0 })
    await bob.output.until((text) => text.includes('again'))
  })

  it('compares again where a comparison did not agree', async () => {
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'hello').done
    expect(await type('sotto verify bob --no --profile alice')).to.include({ code: 0 })
    const refused = await type('sotto send bob again --profile alice')
    expect(refused.code, refused.errors).to.equal(7)
    const compared = await type(printed(refused.errors, 'on screens that you trust, with: '))
    const answered = await type(printed(compared.errors, 'once you have compared: '))
    expect(answered.errors).to.include('bob is verified')
    expect(await type('sotto send bob again --profile alice')).to.include({ code: 0 })
    await bob.output.until((text) => text.includes('again'))
  })
})
