import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { Secret } from '#lib/secret.ts'
import { totpCode, totpStep } from '#lib/totp.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { hasTmux, Tmux } from '../../support/tmux.ts'

const PASSWORD = "alice's password"

/** The secret of an URI for an app, from base32. */
function secretOf(uri: string): Secret {
  const letters = new URL(uri).searchParams.get('secret') ?? ''
  const bits = [...letters].map((each) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(each).toString(2).padStart(5, '0'))
  const bytes = bits.join('').match(/.{8}/g) ?? []
  return Secret.of(Buffer.from(bytes.map((each) => Number.parseInt(each, 2))))
}

/** What an app shows now, or so many steps later, which is taken ahead of its time. */
const codeOf = (secret: Secret, ahead = 0) => totpCode(secret, totpStep(systemClock.now().getTime()) + ahead)

describe('sotto second-factor', function () {
  this.timeout(300_000)
  let auth: AuthUnderTest
  let home: TemporaryFolder

  beforeEach(async () => {
    auth = await AuthUnderTest.start({ clock: systemClock })
    home = await temporaryFolder()
    await auth.addUser('alice', PASSWORD)
  })
  afterEach(async () => {
    await auth[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  const start = (args: readonly string[], input = '', folder = home.path) =>
    new TestProcess(execPath, [SOTTO, ...args], { env: environmentOf(folder), input })
  async function sotto(args: readonly string[], input = '', folder = home.path) {
    await using running = start(args, input, folder)
    return await outcomeOf(running)
  }
  const admin = (...args: readonly string[]) => sotto(['admin', ...args], '', auth.folder.path)
  const caFile = () => join(auth.config.authorityFolder, 'ca.pem')
  const atServer = () => ['--server', auth.running.address, '--ca', caFile()]
  const firstLogin = (...lines: readonly string[]) =>
    sotto(['login', 'alice', ...atServer()], `${[PASSWORD, ...lines].join('\n')}\n`)

  /** Set one up. @returns its secret, and the recovery codes. */
  async function setUp(former: readonly string[] = []): Promise<{ secret: Secret; recoveryCodes: string[] }> {
    const env = environmentOf(home.path)
    await using running = new TestProcess(execPath, [SOTTO, 'second-factor', 'on', '--json'], { env, input: 'open' })
    running.input.write(`${[PASSWORD, ...former].join('\n')}\n`)
    await Promise.race([running.output.until((text) => text.includes('\n')), running.ended])
    const [line = ''] = running.output.text.split('\n')
    expect(line, running.errors.text).to.match(/^\{"uri"/)
    const secret = secretOf(JSON.parse(line).uri)
    running.input.end(`${codeOf(secret)}\n`)
    expect(await running.ended, running.errors.text).to.equal(0)
    return { secret, recoveryCodes: JSON.parse(running.output.text.split('\n')[1] ?? '').recoveryCodes }
  }

  it('is set up, asked for by every sign-in of a script, and taken away', async () => {
    expect((await firstLogin()).code).to.equal(0)
    expect((await sotto(['second-factor'])).output).to.match(/^none; to set one up: sotto second-factor on$/m)
    const unconfirmed = await sotto(['second-factor', 'on'], `${PASSWORD}\n`)
    expect([unconfirmed.code, unconfirmed.errors.includes('no code was given')], unconfirmed.errors).to.deep.equal([
      2,
      true,
    ])
    expect(unconfirmed.errors).to.include('--code-file').and.not.include('--password-file')
    const { secret, recoveryCodes } = await setUp()
    expect(recoveryCodes).to.have.length(10)
    expect(JSON.parse((await admin('list-users', '--json')).output)).to.include({ name: 'alice', secondFactor: true })

    const bare = await sotto(['login', 'alice'], `${PASSWORD}\n`)
    expect([bare.code, bare.errors.includes('(ERR_CODE_REQUIRED)'), bare.errors.includes('--code-file')]).to.deep.equal(
      [4, true, true],
    )
    const code = codeOf(secret, 1)
    const [used, again] = [await sotto(['login', 'alice'], `${PASSWORD}\n${code}\n`), await firstLogin(code)]
    expect([used.code, again.code], used.errors).to.deep.equal([0, 4])
    expect(again.errors).to.include('(ERR_CODE_REFUSED)')
    const codeFile = join(home.path, 'code')
    await writeFile(codeFile, `${recoveryCodes[0]}\n`)
    expect((await sotto(['login', 'alice', '--code-file', codeFile], `${PASSWORD}\n`)).code).to.equal(0)
    // So it does from a pipe, which is named as a file.
    const script = `printf '%s\\n' "$CODE" | "$@" --code-file /dev/fd/3 3<&0 0<"$PASSWORD_FILE"`
    const passwordFile = join(home.path, 'password')
    await writeFile(passwordFile, PASSWORD)
    const env = environmentOf(home.path, { CODE: recoveryCodes[2] ?? '', PASSWORD_FILE: passwordFile })
    await using piped = new TestProcess('sh', ['-c', script, 'sh', execPath, SOTTO, 'login', 'alice'], { env })
    expect(await piped.ended, piped.errors.text).to.equal(0)
    // Where standard input is for messages, no line of it is taken for a code.
    await sotto(['logout'])
    const login = [`--login=alice@${auth.running.address}`, '--password-file', passwordFile]
    const sending = await sotto(['send', 'bob', ...login], `${recoveryCodes[1]}\n`)
    expect([sending.code, sending.errors.includes('(ERR_CODE_REQUIRED)')], sending.errors).to.deep.equal([4, true])

    const renewed = await sotto(['second-factor', 'recovery-codes'], `${PASSWORD}\n${recoveryCodes[1]}\n`)
    expect(renewed.output.trim().split('\n'), renewed.errors).to.have.length(10)
    const off = await sotto(['second-factor', 'off'], `${PASSWORD}\n${renewed.output.split('\n')[0]}\n`)
    expect(off.code, off.errors).to.equal(0)
    expect((await firstLogin()).code).to.equal(0)
  })

  it('moves to another app, and is reset by the host for who has lost it', async () => {
    await firstLogin()
    const former = await setUp()
    const next = await setUp([former.recoveryCodes[0] ?? ''])
    expect((await firstLogin(codeOf(former.secret, 1))).code).to.equal(4)
    expect((await firstLogin(codeOf(next.secret, 1))).code).to.equal(0)
    expect((await admin('reset-second-factor', 'alice')).errors).to.include(
      'alice has no second factor, and must sign in',
    )
    expect((await sotto(['second-factor'])).errors).to.include('(ERR_SESSION_ENDED)')
    expect((await firstLogin()).code).to.equal(0)
    expect((await admin('reset-second-factor', 'nobody')).code).to.equal(5)
    const { output } = await admin('audit')
    expect(output)
      .to.include('second factor confirmed')
      .and.include('in place of another')
      .and.include('second factor reset')
  })

  it('is asked for by sotto join, too, where that has set another password', async () => {
    await firstLogin()
    const { secret } = await setUp()
    const { output } = await admin('reset-password', 'alice')
    const link = output.trim().replace(/localhost:\d+/, auth.running.address)
    const without = await sotto(['join'], `${link}\nanother password\n`)
    expect([without.code, without.errors.includes('(ERR_CODE_REQUIRED)')], without.errors).to.deep.equal([4, true])
    // The password is set; the second time it is the sign-in alone that counts.
    const joined = await sotto(['join'], `${link}\nanother password\n${codeOf(secret, 1)}\n`)
    expect(joined.code, joined.errors).to.equal(0)
  })

  it('is set up at the terminal as somebody signs in, where the host asks everybody for one', async function () {
    if (!hasTmux()) this.skip()
    await auth.stop()
    Object.assign(auth.config, { isSecondFactorRequired: true })
    await auth.start()
    const script = await firstLogin('123456')
    expect([script.code, script.errors.includes('(ERR_ENROLMENT_REQUIRED)')]).to.deep.equal([4, true])
    const env = Object.fromEntries(Object.entries(environmentOf(home.path)).map(([name, value]) => [name, value ?? '']))
    const command = [execPath, SOTTO, 'login', 'alice', ...atServer()]
    const terminal = await Tmux.open(command, { columns: 160, rows: 60, env })
    try {
      await terminal.until((rows) => rows.some((row) => row.includes('password for alice')))
      await terminal.type(PASSWORD)
      await terminal.press('Enter')
      const shown = await terminal.until((rows) => rows.some((row) => row.includes('the code that the app shows now')))
      const secret = secretOf(/otpauth:\S+/.exec(shown.join('\n'))?.[0] ?? '')
      expect(shown.filter((row) => /[▀▄█]/.test(row)).length).to.be.above(15)
      // First a wrong one.
      for (const code of ['12 34', codeOf(secret)]) {
        await terminal.type(code)
        await terminal.press('Enter')
        if (code !== '12 34') break
        await terminal.until((rows) => rows.some((row) => row.includes('that code does not do')))
      }
      const rows = await terminal.until((screen) => screen.some((row) => row.includes('signed in as alice')))
      expect(rows.filter((row) => /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/.test(row))).to.have.length(10)
    } finally {
      await terminal.close()
    }
    const off = await sotto(['second-factor', 'off'], `${PASSWORD}\n`)
    expect([off.code, off.errors.includes('asks everybody for a second factor')], off.errors).to.deep.equal([4, true])
  })
})
