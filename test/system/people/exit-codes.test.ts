/**
 * The exit codes that the README documents, as a script sees them: on real processes, with the hint in the last line. A
 * changed key (7) is in key-changed.test.ts, a missing acknowledgement (8) in outages.test.ts.
 */
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { Deployment, type Outcome, outcomeOf, type Receiver } from '../../support/deployment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess, type TestProcessOptions } from '../../support/processes.ts'

const DONE = 0
const INTERNAL = 1
const USAGE = 2
const UNREACHABLE = 3
const LOGIN_REFUSED = 4
const NO_SUCH_USER = 5
const NOT_ONLINE = 6
const INTERRUPTED = 130

describe('exit codes', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let bob: Receiver

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob', 'carol', 'dave')
    bob = await deployment.receive('bob')
  })
  after(() => deployment[Symbol.asyncDispose]())

  const sotto = (line: string, options?: TestProcessOptions) => deployment.run(line.split(' '), options)

  function npmRun(script: string, line: string, options: TestProcessOptions = {}): Promise<Outcome> {
    const env = deployment.env
    return outcomeOf(new TestProcess('npm', ['run', '-s', script, '--', ...line.split(' ')], { env, ...options }))
  }

  /** Check that a command has failed as it should: its last line is a hint what to do, and it shows no stack. */
  function expectFailure({ code, errors }: Outcome, expected: number, error: string): void {
    const lines = errors.trimEnd().split('\n')
    const told = lines.findIndex((line) => line.includes(error))
    expect(told, errors).to.be.greaterThan(-1)
    expect(lines.at(-1), errors).to.match(/^sotto: (?!.*\(ERR_\w+\)$)/)
    expect(lines.length - 1, errors).to.be.greaterThan(told)
    expect(errors).not.to.match(/^\s+at /m)
    expect(code, errors).to.equal(expected)
  }

  describe(`${DONE}, done`, () => {
    it('when all that was sent is acknowledged', async () => {
      const { code, output } = await sotto('send bob hello --profile alice')
      expect([code, output]).to.deep.equal([DONE, ''])
      const piped = await npmRun('sender', 'bob --profile alice', { input: 'one\ntwo' })
      expect(piped.code).to.equal(DONE)
      await bob.process.untilStdout('hello\none\ntwo\n')
    })

    for (const line of ['--help', '--version', 'whoami --profile alice', 'admin list-users']) {
      it(`for sotto ${line}`, async () => {
        const { code, output } = await sotto(line)
        expect([code, output !== '']).to.deep.equal([DONE, true])
      })
    }
  })

  describe(`${INTERNAL}, a fault of Sotto or of this machine`, () => {
    it('when another process receives for the profile', async () => {
      expectFailure(await sotto('receive --profile bob'), INTERNAL, 'ERR_PROFILE_LOCKED')
    })

    it('when the profile is damaged', async () => {
      await deployment.signIn('dave', { profile: 'damaged', replaceIdentityKey: true })
      await truncate(join(deployment.home.path, 'profiles', 'damaged', 'profile.sealed'), 100)
      expectFailure(await sotto('whoami --profile damaged'), INTERNAL, 'ERR_PROFILE_DAMAGED')
    })

    it('when standard output takes no more', async () => {
      const { process: carol } = await deployment.receive('carol')
      carol.closeOutput()
      expect((await sotto('send carol hello --profile alice')).code).to.equal(DONE)
      expectFailure(await outcomeOf(carol), INTERNAL, 'ERR_OUTPUT')
      const { process: again } = await deployment.receive('carol')
      await again.untilStdout('hello\n')
      again.signal('SIGINT')
      await again.ended
    })
  })

  describe(`${USAGE}, a command line or an input that cannot be used`, () => {
    const LINES: ReadonlyArray<readonly [line: string, error: string]> = [
      ['sing', "unknown command 'sing'"],
      ['send', "missing required argument 'user'"],
      ['send BOB hello', "the argument 'user' cannot be 'BOB'"],
      ['send bob --louder', "unknown option '--louder'"],
      ['send bob hello there', 'a text of several words goes in quotes'],
      ['receive --listen somewhere', "argument 'somewhere' is invalid"],
      ['send alice hello --profile alice', 'ERR_CHAT_WITH_SELF'],
      ['whoami --profile ../alice', 'ERR_USAGE'],
      ['login alice --profile fresh', 'ERR_USAGE'],
      ['login alice --profile bob', 'ERR_USAGE'],
      ['trust nobody --profile alice', 'ERR_USAGE'],
    ]
    for (const [line, error] of LINES) {
      it(`for sotto ${line}`, async () => {
        expectFailure(await sotto(line, { input: 'password\n' }), USAGE, error)
      })
    }

    it('for npm run sender with nobody to send to', async () => {
      expectFailure(await npmRun('sender', '--profile alice'), USAGE, "missing required argument 'user'")
    })

    it('for a line over 1 MiB, which it names, and of which nothing is sent', async () => {
      const before = bob.process.output.text
      const input = `short\n${'x'.repeat(MAX_TEXT_BYTES + 1)}\n`
      const failed = await sotto('send bob --profile alice', { input })
      expectFailure(failed, USAGE, 'ERR_MESSAGE_TOO_LARGE')
      expect(failed.errors).to.include('line 2')
      await bob.process.untilStdout(`${before}short\n`)
    })

    it('for an account that exists already, and for an unknown setting', async () => {
      const input = 'a password\n'
      expectFailure(await sotto('admin add-user alice', { input }), USAGE, 'ERR_ACCOUNT_EXISTS')
      expectFailure(await sotto('admin add-user Al!ce', { input }), USAGE, 'ERR_INVALID_ARGUMENT')
      const env = { ...deployment.env, SOTTO_PASSWORD: 'x' }
      expectFailure(await sotto('admin list-users', { env }), USAGE, 'ERR_CONFIG')
    })
  })

  describe(`${USAGE}, addresses of which others are not told`, () => {
    const listen = 'receive --profile carol --listen 127.0.0.1'

    it('when all are somebody else’s, as far as the directory sees', async () => {
      const refused = await sotto(`${listen} --advertise 203.0.113.7:7100`)
      expectFailure(refused, USAGE, 'ERR_ENDPOINTS_REFUSED')
      expect(refused.errors).to.include('203.0.113.7:7100 is a public address, and the call comes from 127.0.0.1')
    })

    it('when the port is one of the system’s own services', async () => {
      expect((await sotto(`${listen} --advertise 127.0.0.1:443`)).code).to.equal(USAGE)
    })

    it('but not when one is left: then it says which it is not', async () => {
      const advertise = ['--advertise', '203.0.113.7:7100', '--advertise', `127.0.0.1:${await freePort()}`]
      const { process: carol } = await deployment.receive('carol', advertise)
      await carol.untilStderr('others are not told of 203.0.113.7:7100')
      expect(/online as carol, at (.*)/.exec(carol.errors.text)?.[1]).to.equal(advertise[3])
      carol.signal('SIGINT')
      await carol.ended
    })
  })

  describe(`${UNREACHABLE}, a service or a person’s machine cannot be reached`, () => {
    it('when nobody answers at the server’s address', async () => {
      const line = `login alice --profile nowhere --server 127.0.0.1:${await freePort()} --ca ${deployment.caFile}`
      expectFailure(await sotto(line, { input: 'password\n' }), UNREACHABLE, 'ERR_UNAVAILABLE')
    })

    it('when the server is not the one that the fingerprint names', async () => {
      const line = `login alice --profile nowhere --server ${deployment.authAddress}#${'ab'.repeat(32)}`
      expectFailure(await sotto(line, { input: 'password\n' }), UNREACHABLE, 'ERR_CA_MISMATCH')
    })

    it('when none of the receiver’s addresses answers', async () => {
      const { process: carol } = await deployment.receive('carol', ['--advertise', `127.0.0.1:${await freePort()}`])
      expectFailure(await sotto('send carol hi --profile alice'), UNREACHABLE, 'ERR_PEER_UNREACHABLE')
      carol.signal('SIGINT')
      await carol.ended
    })
  })

  describe(`${LOGIN_REFUSED}, login refused, or the session has ended`, () => {
    it('for a wrong password and for an unknown user, with the same words', async () => {
      const server = `--server ${deployment.authAddress} --ca ${deployment.caFile}`
      const wrong = await sotto(`login alice --profile new-a ${server}`, { input: 'not her password\n' })
      const unknown = await sotto(`login nobody --profile new-b ${server}`, { input: 'some password\n' })
      for (const each of [wrong, unknown]) expectFailure(each, LOGIN_REFUSED, 'ERR_LOGIN_REFUSED')
      expect(wrong.errors).to.equal(unknown.errors)
    })

    it('for a login with another identity key', async () => {
      const file = join(deployment.home.path, 'password')
      await writeFile(file, "alice's password\n", { mode: 0o600 })
      const server = `--server ${deployment.authAddress} --ca ${deployment.caFile}`
      const line = `login alice --profile second ${server} --password-file ${file}`
      expectFailure(await sotto(line), LOGIN_REFUSED, 'ERR_IDENTITY_CONFLICT')
    })

    it('without a profile', async () => {
      for (const line of ['send bob hi', 'receive']) {
        expectFailure(await sotto(`${line} --profile missing`), LOGIN_REFUSED, 'ERR_PROFILE_MISSING')
      }
      expectFailure(await npmRun('receiver', '--profile missing'), LOGIN_REFUSED, 'ERR_PROFILE_MISSING')
    })

    it('after sotto logout', async () => {
      await deployment.signUp('erin')
      expect((await sotto('logout --profile erin')).code).to.equal(DONE)
      for (const line of ['send bob hi', 'whoami']) {
        expectFailure(await sotto(`${line} --profile erin`), LOGIN_REFUSED, 'ERR_NOT_LOGGED_IN')
      }
    })

    it('once the password has been changed by an administrator', async () => {
      await deployment.signUp('frank')
      const set = await sotto('admin set-password frank', { input: 'another password\n' })
      expect(set.code).to.equal(DONE)
      expectFailure(await sotto('send bob hi --profile frank'), LOGIN_REFUSED, 'ERR_SESSION_ENDED')
    })
  })

  it(`${NO_SUCH_USER}, no such user`, async () => {
    expectFailure(await sotto('send nobody hi --profile alice'), NO_SUCH_USER, 'ERR_NO_SUCH_USER')
    expectFailure(await npmRun('sender', 'nobody hi --profile alice'), NO_SUCH_USER, 'ERR_NO_SUCH_USER')
    expectFailure(await sotto('admin remove-user nobody'), NO_SUCH_USER, 'ERR_NO_SUCH_USER')
  })

  it(`${NOT_ONLINE}, not online`, async () => {
    expectFailure(await sotto('send carol hi --profile alice'), NOT_ONLINE, 'ERR_NOT_ONLINE')
  })

  describe(`${INTERRUPTED}, interrupted`, () => {
    it('for a sender and a receiver on Ctrl-C', async () => {
      const { process: carol } = await deployment.receive('carol')
      const alice = deployment.sotto(['send', 'carol', '--profile', 'alice'], { input: 'open' })
      alice.input.write('hello\n')
      await carol.untilStdout('hello\n')
      alice.signal('SIGINT')
      expect(await alice.ended).to.equal(INTERRUPTED)
      await carol.untilStderr('alice has left')
      carol.signal('SIGINT')
      expect(await carol.ended).to.equal(INTERRUPTED)
      for (const { errors } of [alice, carol]) expect(errors.text).not.to.match(/^\s+at /m)
    })

    it('for a login that waits for its password', async () => {
      const served = (text: string) => text.split('AuthService/GetServerInfo').length
      const server = ['--server', deployment.authAddress, '--ca', deployment.caFile]
      const servedBefore = served(deployment.service('auth').errors.text)
      const login = deployment.sotto(['login', 'dave', '--profile', 'waiting', ...server], { input: 'open' })
      // The password is asked for once the server has shown its identity.
      await deployment.service('auth').errors.until((text) => served(text) > servedBefore)
      login.signal('SIGINT')
      expect(await login.ended).to.equal(INTERRUPTED)
    })
  })
})
