import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { logout } from '../../../clients/session/login.ts'
import { freePort } from '../../support/free-port.ts'
import { Installation, type ReceiveRun } from '../../support/installation.ts'
import { Link } from '../../support/link.ts'
import { rejection } from '../../support/rejection.ts'

describe('clients when something is missing or breaks', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const codeOfSend = async (to: string, changes = {}) =>
    (await rejection(installation.send('alice', to, 'hello', { redialMs: 0, ...changes }).done)).code

  /** Bob, who can be reached through a link that a test can break. */
  async function receiveThroughLink(): Promise<{ bob: ReceiveRun; link: Link }> {
    const port = await freePort()
    const link = await Link.to(`127.0.0.1:${port}`)
    const [address = '', linkPort] = link.address.split(':')
    const bob = await installation.receive('bob', {
      listen: { address: '127.0.0.1', port },
      advertise: [{ address, port: Number(linkPort) }],
    })
    return { bob, link }
  }

  /** A pipe to write lines into, and what of it should have come out. */
  class Typist extends PassThrough {
    typed = ''

    type(lines: number): string {
      const from = this.typed.split('\n').length
      const text = Array.from({ length: lines }, (_, n) => `line ${from + n}\n`).join('')
      this.typed += text
      this.write(text)
      return this.typed
    }
  }

  describe('say what is wrong', () => {
    it('with whom one writes to', async () => {
      expect(await codeOfSend('bob')).to.equal('ERR_NOT_ONLINE')
      expect(await codeOfSend('nobody')).to.equal('ERR_NO_SUCH_USER')
      expect(await codeOfSend('alice')).to.equal('ERR_CHAT_WITH_SELF')
      expect((await rejection(installation.send('alice', 'bob', '').done)).code).to.equal('ERR_USAGE')
      expect(await codeOfSend('NO NAME')).to.equal('ERR_INVALID_ARGUMENT')
    })

    it('with one’s own session', async () => {
      const alice = await Profile.open(installation.home.path, 'alice')
      const { account, session } = alice.login
      await logout(alice, new AbortController().signal)
      expect(await codeOfSend('bob')).to.equal('ERR_NOT_LOGGED_IN')
      // What a client that was not there when the session ended still has.
      await alice.update((state) => ({ ...state, account: { ...account, session } }))
      expect(await codeOfSend('bob')).to.equal('ERR_SESSION_ENDED')
      expect((await rejection(installation.receive('alice'))).code).to.equal('ERR_SESSION_ENDED')
      expect(await codeOfSend('bob', { profile: 'nobody' })).to.equal('ERR_PROFILE_MISSING')
    })

    it('with the services', async () => {
      await installation.stopDirectory()
      expect(await codeOfSend('bob')).to.equal('ERR_UNAVAILABLE')
      expect((await rejection(installation.receive('bob'))).code).to.equal('ERR_UNAVAILABLE')
    })
  })

  it('let one installation of an account be online, the newest', async () => {
    await using first = await installation.receive('bob')
    expect((await rejection(installation.receive('bob'))).code).to.equal('ERR_PROFILE_LOCKED')
    const copy = await Profile.openOrCreate(installation.home.path, 'copy')
    const { state } = await Profile.open(installation.home.path, 'bob')
    await copy.update(() => state)
    await using second = await installation.receive('copy')
    expect((await rejection(first.done)).code).to.equal('ERR_ANNOUNCE_REPLACED')
    await second.errors.until((text) => /another sotto was online as you.*; to take that one back, /.test(text))
    expect(first.errors.text).not.to.include('another sotto')
    await installation.send('alice', 'bob', 'hello').done
    await second.output.until((text) => text === 'hello\n')
  })

  it('tell somebody whose account was taken over that the session has ended, and how to sign in', async () => {
    await installation.signUp('dora')
    await using first = await installation.receive('dora')
    await installation.signIn('dora', { profile: 'elsewhere', replaceIdentityKey: true })
    await using _second = await installation.receive('elsewhere')
    const { code, hint } = await rejection(first.done)
    expect(code).to.equal('ERR_SESSION_ENDED')
    expect(hint).to.match(/: sotto login dora --profile dora$/)
  })

  it('go on after a cut, with each line once and in order', async () => {
    const { bob, link } = await receiveThroughLink()
    const typist = new Typist()
    await using alice = installation.send('alice', 'bob', typist)
    for (let cuts = 0; cuts < 3; cuts += 1) {
      const sofar = typist.type(300)
      link.cut()
      await bob.output.until((text) => text.length >= sofar.length)
    }
    typist.end()
    await alice.done
    await bob.output.until((text) => text.length >= typist.typed.length)
    expect(bob.output.text === typist.typed).to.equal(true)
    expect(alice.errors.text).to.include('trying again').and.to.include('is there again')
    await bob.stop()
    await link[Symbol.asyncDispose]()
  })

  it('go on with a receiver that was started anew, with what was not acknowledged', async () => {
    const typist = new Typist()
    const before = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', typist)
    const first = typist.type(10)
    await before.output.until((text) => text === first)
    await before.stop()
    await alice.errors.until((text) => text.includes('trying again'))
    typist.end('the last\n')
    await using after = await installation.receive('bob')
    await alice.done
    await after.output.until((text) => text === 'the last\n')
  })

  it('report what was not acknowledged when the receiver does not come back', async () => {
    const { bob, link } = await receiveThroughLink()
    const typist = new Typist()
    await using alice = installation.send('alice', 'bob', typist, { redialMs: 300 })
    const sofar = typist.type(1)
    await bob.output.until((text) => text === sofar)
    await bob.stop()
    typist.end('one more\n')
    const error = await rejection(alice.done)
    expect([error.code, error.message]).to.deep.equal(['ERR_NOT_ACKNOWLEDGED', 'one message is not acknowledged yet'])
    await using again = await installation.receive('bob')
    await installation.send('alice', 'bob', 'and the last').done
    await again.output.until((text) => text === 'one more\nand the last\n')
    await link[Symbol.asyncDispose]()
  })

  it('talk on while the directory and auth are gone, and are online again when they are back', async () => {
    await using bob = await installation.receive('bob')
    const typist = new Typist()
    await using alice = installation.send('alice', 'bob', typist)
    const before = typist.type(1)
    await bob.output.until((text) => text === before)
    await installation.stopDirectory()
    await installation.auth.stop()
    await bob.errors.until((text) => text.includes('offline: '))
    const sofar = typist.type(100)
    await bob.output.until((text) => text === sofar)
    await installation.auth.start()
    await installation.startDirectory()
    await bob.errors.until((text) => text.includes('online again'))
    await installation.send('alice', 'bob', 'a new conversation').done
    typist.end()
    await alice.done
    await bob.output.until((text) => text === `${sofar}a new conversation\n`)
  })

  it('say goodbye on Ctrl-C', async () => {
    await using bob = await installation.receive('bob')
    const typist = new Typist()
    await using alice = installation.send('alice', 'bob', typist)
    const sofar = typist.type(1)
    await bob.output.until((text) => text === sofar)
    await alice.stop()
    expect((await rejection(alice.done)).code).to.equal('ERR_INTERRUPTED')
    await bob.errors.until((text) => text.includes('alice has left'))
    expect(bob.errors.text).not.to.include('broke')
    await bob.stop()
    expect((await rejection(bob.done)).code).to.equal('ERR_INTERRUPTED')
    expect(await codeOfSend('bob')).to.equal('ERR_NOT_ONLINE')
  })
})
