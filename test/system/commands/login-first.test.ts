import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import type { Profile } from '../../../clients/profile/profile.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { SOTTO } from '../../support/programs.ts'

const run = promisify(execFile)

describe('--login', () => {
  let installation: Installation
  let alice: Profile
  let server: string

  before(async () => {
    installation = await Installation.start('alice')
    alice = await installation.signIn('alice', { profile: 'default', replaceIdentityKey: true })
    const { address, caPem } = installation.auth.running
    server = `${address}#${fingerprintOf(caPem)}`
  })
  after(() => installation[Symbol.asyncDispose]())

  /** Sends to somebody whom there is not: who signs in comes as far as that. */
  async function sendAs(login: string, ...more: readonly string[]): Promise<{ code: number; said: string }> {
    const passwordFile = join(installation.home.path, 'password')
    await writeFile(passwordFile, "alice's password\n")
    const args = ['send', 'nobody', 'hi', '--login', login, '--password-file', passwordFile, ...more]
    const env = environmentOf(installation.home.path)
    const failed = await run(process.execPath, [SOTTO, ...args], { env }).catch((error) => error)
    return { code: failed.code, said: failed.stderr }
  }

  it('goes on with the session of the one who is named', async () => {
    const before = alice.state.account?.session?.sessionId
    const { code, said } = await sendAs(`alice@${server}`)
    expect([code, said.includes('ERR_NO_SUCH_USER'), said.includes('sotto login')]).to.deep.equal([5, true, false])
    expect((await alice.refresh()).account?.session?.sessionId).to.deep.equal(before)
  })

  it('never speaks for another than the one who is named', async () => {
    const { code, said } = await sendAs(`bob@${server}`)
    expect(code).to.equal(2)
    expect(said).to.include('the profile default belongs to alice (ERR_USAGE)').and.to.include('--profile NAME')
  })

  it('refuses another installation, by its fingerprint, and a fingerprint that is none', async () => {
    const [address] = server.split('#')
    const { code, said } = await sendAs(`alice@${address}#${'ab'.repeat(32)}`)
    expect([code, said.includes('at another installation (ERR_USAGE)')]).to.deep.equal([2, true])
    expect((await sendAs(`alice@${address}#ab`)).said).to.include('64 hexadecimal digits')
  })

  it('tells a script in JSON that it has signed in, or where the session is', async () => {
    await installation.auth.addUser('carol', "alice's password")
    const fresh = await sendAs(`carol@${server}`, '--json', '--profile', 'carol')
    expect(fresh.said).to.match(/^\{"type":"notice","text":"signed in as carol"\}\n/)
    const elsewhere = await sendAs(`alice@chat.example:7001#${server.split('#')[1]}`, '--json')
    expect(elsewhere.said).to.match(/^\{"type":"notice","text":"the session is at /)
  })

  it('says where the session is, if another address of the same installation is named', async () => {
    const { code, said } = await sendAs(`alice@chat.example:7001#${server.split('#')[1]}`)
    expect(code).to.equal(5)
    expect(said).to.include(`the session is at ${installation.auth.running.address}`)
    expect(said).to.include('sotto login alice --server chat.example:7001#')
  })
})
