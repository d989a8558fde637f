/** The rotation of every key and certificate of a host, by the commands of docs/operations.md, under a conversation. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { fingerprintOf, shownCertificates } from '#lib/runtime/tls.ts'
import { Deployment } from '../../support/deployment.ts'
import { ROOT } from '../../support/environment.ts'
import type { TestProcess } from '../../support/processes.ts'

describe('a rotation, while people chat', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let bob: TestProcess
  let alice: TestProcess
  let said = ''

  before(async () => {
    // Keys are renewed with tickets all the time, by which Auth has to open what it has wrapped.
    deployment = await Deployment.start({ SOTTO_CHANNEL_TIMES: 'renew-every=2,renew-retry=1' })
    await deployment.signUp('alice', 'bob', 'carol')
    bob = (await deployment.receive('bob')).process
    alice = deployment.sotto(['send', 'bob', '--profile', 'alice'], { input: 'open' })
    await say('before')
  })
  after(() => deployment[Symbol.asyncDispose]())

  async function say(text: string): Promise<void> {
    alice.input.write(`${text}\n`)
    said += `${text}\n`
    await bob.untilStdout(said)
  }

  /** Run a command of the host. @returns what it says. */
  async function rotate(what: string): Promise<string> {
    const { code, errors } = await deployment.run(['admin', 'rotate', what])
    expect(code, errors).to.equal(0)
    return errors
  }

  /** Carol, who was away, writes to bob: with the session and the authority that she had. */
  async function carolWrites(text: string): Promise<void> {
    const { code, errors } = await deployment.run(['send', 'bob', text, '--profile', 'carol'])
    expect(code, errors).to.equal(0)
    said += `${text}\n`
    await bob.untilStdout(said)
  }

  const shown = async () => {
    const addresses = [deployment.authAddress, deployment.directoryAddress]
    const leaves = await Promise.all(addresses.map(async (address) => (await shownCertificates(address))[0]))
    return leaves.map((leaf) => fingerprintOf(String(leaf)))
  }

  for (const what of ['leaf', 'authority', 'authority', 'wrapping-key']) {
    it(`of ${what} is noticed by nobody`, async () => {
      const before = await shown()
      const told = await rotate(what)
      if (what !== 'wrapping-key') {
        expect(told).to.include('auth has new certificates')
        while ((await shown()).some((leaf) => before.includes(leaf)));
      }
      await say(`after ${what}`)
      // Who was there goes on; who comes signs in with nothing but their session.
      expect((await deployment.run(['whoami', '--profile', 'carol'])).code).to.equal(0)
    })
  }

  it('is nothing for somebody who was away all the time', async () => {
    alice.input.end()
    expect(await alice.ended).to.equal(0)
    await carolWrites('back again')
    expect(bob.errors.text).not.to.include('offline')
  })

  it('is there after a start, and another person joins by a link from before or after', async () => {
    for (const service of ['auth', 'directory'] as const) await deployment.endService(service)
    for (const service of ['auth', 'directory'] as const) await deployment.startService(service)
    await bob.untilStderr('online again')
    await carolWrites('after a start')
    const { output } = await deployment.run(['admin', 'status', '--json'])
    expect(JSON.parse(output)).to.deep.include({ wrappingKeys: 1 })
    const joined = await deployment.run(['login', 'carol', '--profile', 'carol'], { input: "carol's password\n" })
    expect(joined.code, joined.errors).to.equal(0)
    const newest = fingerprintOf(await readFile(deployment.caFile, 'utf8'))
    const { account } = (await deployment.profile('carol')).login
    expect(fingerprintOf(account.authorityPem)).to.equal(newest)
  })

  it('is documented: every one of these commands stands in docs/operations.md', async () => {
    const text = await readFile(join(ROOT, 'docs', 'operations.md'), 'utf8')
    for (const what of ['leaf', 'authority', 'wrapping-key']) expect(text).to.include(`sotto admin rotate ${what} `)
  })
})
