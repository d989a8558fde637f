/** A contact whose identity key changes: it is refused, replaced, noticed by the others, and trusted again. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'

const LOGIN_REFUSED = 4
const KEY_CHANGED = 7

describe('a changed identity key', function () {
  this.timeout(300_000)
  let deployment: Deployment

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    const { process: bob } = await deployment.receive('bob')
    expect((await send('alice', 'bob', 'the first')).code).to.equal(0)
    bob.signal('SIGINT')
    await bob.ended
  })
  after(() => deployment[Symbol.asyncDispose]())

  const send = (profile: string, to: string, text: string) =>
    deployment.run(['send', to, '--profile', profile], { input: text })

  it('is refused at login, and accepted with --replace-identity', async () => {
    const password = join(deployment.home.path, 'password-of-bob')
    await writeFile(password, "bob's password", { mode: 0o600 })
    const server = ['--server', deployment.authAddress, '--ca', deployment.caFile]
    const login = ['login', 'bob', '--profile', 'bob-anew', ...server, '--password-file', password]
    const refused = await deployment.run(login)
    expect([refused.code, refused.errors.includes('--replace-identity')]).to.deep.equal([LOGIN_REFUSED, true])
    expect((await deployment.run([...login, '--replace-identity'])).code).to.equal(0)
  })

  it('stops a sender before anything is sent, until it is trusted', async () => {
    const { process: bob } = await deployment.receive('bob-anew')
    for (const text of ['not for these eyes', 'nor this']) {
      const { code, errors } = await send('alice', 'bob', text)
      expect([code, errors.includes('ERR_KEY_CHANGED')], errors).to.deep.equal([KEY_CHANGED, true])
      expect(errors.trimEnd().split('\n').at(-1)).to.include('sotto trust --profile alice bob')
    }
    expect((await deployment.run(['trust', 'bob', '--profile', 'alice'])).code).to.equal(0)
    expect((await send('alice', 'bob', 'good to see you')).code).to.equal(0)
    await bob.untilStdout('good to see you\n')
    bob.signal('SIGINT')
    await bob.ended
  })

  it('stops a receiver from showing anything, which both ends report, until it is trusted', async () => {
    await deployment.signIn('alice', { profile: 'alice-anew', replaceIdentityKey: true })
    const { process: bob } = await deployment.receive('bob-anew')
    const { code, errors } = await send('alice-anew', 'bob', 'is it me?')
    expect([code, errors.includes('ERR_KEY_CHANGED')], errors).to.deep.equal([KEY_CHANGED, true])
    await bob.untilStderr('alice called with another key')
    expect(bob.output.text).to.equal('')
    expect((await deployment.run(['trust', 'alice', '--profile', 'bob-anew'])).code).to.equal(0)
    expect((await send('alice-anew', 'bob', 'it is me')).code).to.equal(0)
    await bob.untilStdout('it is me\n')
  })
})
