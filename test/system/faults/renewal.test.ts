import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { logout } from '../../../clients/session/login.ts'
import { freePort } from '../../support/free-port.ts'
import { Installation, type Run } from '../../support/installation.ts'
import { Link } from '../../support/link.ts'
import { rejection } from '../../support/rejection.ts'

/** A quarter of an hour in a tenth of a second. */
const TIMES: Partial<ChannelTimes> = { renewEveryMs: 100, renewRetryMs: 60 }

const SHORT = { channelTimes: TIMES, trace: true }

/** How many records of a kind the trace of a command has shown. */
const traced = ({ errors }: Run, what: string): number => errors.text.split(what).length - 1

/** Resolves when the trace shows that many more of them. */
async function untilTraced(run: Run, what: string, more: number): Promise<void> {
  const before = traced(run, what)
  await run.errors.until(() => traced(run, what) >= before + more)
}

describe('a conversation that stays open', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  /** Alice talks with Bob until a test is over: how many lines she has typed, and that they all came, once. */
  async function talking(changes: Partial<ChannelTimes> = {}) {
    const channelTimes = { ...TIMES, ...changes }
    const bob = await installation.receive('bob', { ...SHORT, channelTimes })
    const pipe = new PassThrough()
    const alice = installation.send('alice', 'bob', pipe, { ...SHORT, channelTimes })
    let typed = ''
    const type = async (): Promise<void> => {
      const line = `line ${typed.length}\n`
      typed += line
      pipe.write(line)
      await bob.output.until((text) => text.length >= typed.length)
    }
    await type()
    const finish = async (): Promise<void> => {
      pipe.end()
      await alice.done
      await bob.stop()
      expect(bob.output.text).to.equal(typed)
    }
    const stop = async (): Promise<void> => {
      await alice.stop()
      await bob.stop()
    }
    return { alice, bob, type, finish, [Symbol.asyncDispose]: stop }
  }

  it('renews its keys with new tickets, while lines go on', async () => {
    await using talk = await talking()
    const { alice, bob, type, finish } = talk
    for (let renewals = 0; renewals < 5; renewals += 1) {
      const renewed = untilTraced(bob, 'RenewSwitch', 1)
      for (let isOver = false; !isOver; ) {
        await type()
        isOver = await Promise.race([renewed.then(() => true), type().then(() => false)])
      }
    }
    expect(traced(alice, 'RenewWelcome')).to.be.greaterThan(4)
    // Each of them, and the first Hello, by a ticket of its own.
    expect(traced(alice, 'RequestChatResponse')).to.be.greaterThan(5)
    expect(traced(bob, 'RenewRefusal')).to.equal(0)
    expect(alice.errors.text).to.not.include('trying again')
    await finish()
  })

  it('loses and repeats nothing of a flood of lines through renewals', async () => {
    const channelTimes = { ...TIMES, renewEveryMs: 10 }
    await using bob = await installation.receive('bob', { ...SHORT, channelTimes })
    let typed = ''
    async function* flood(): AsyncGenerator<Buffer> {
      const lines = Array.from({ length: 200 }, (_, n) => `line ${n} ${'x'.repeat(n % 100)}\n`).join('')
      while (traced(bob, 'RenewSwitch') < 3) {
        for (let times = 0; times < 10; times += 1) {
          const shown = once(bob.output, 'captured')
          typed += lines
          yield Buffer.from(lines)
          await shown
        }
      }
    }
    await using alice = installation.send('alice', 'bob', Readable.from(flood()), { channelTimes })
    await alice.done
    expect(bob.output.text === typed).to.equal(true)
    expect(alice.errors.text).to.not.include('broke')
  }).timeout(20_000)

  it('renews them without the services while nobody can reach them, and with tickets again after', async () => {
    // For the receiver to be online again before the opener has asked twice: that takes as long here as in life.
    await using talk = await talking({ renewRetryMs: 2_000 })
    const { alice, bob, type, finish } = talk
    await untilTraced(bob, 'RenewSwitch', 1)
    await installation.stopDirectory()
    await untilTraced(bob, 'none: the services cannot be reached', 2)
    await untilTraced(bob, 'RenewSwitch', 2)
    await type()
    await installation.startDirectory()
    const granted = traced(alice, 'RequestChatResponse')
    await alice.errors.until(() => traced(alice, 'RequestChatResponse') > granted + 1)
    await untilTraced(bob, 'RenewSwitch', 2)
    await type()
    expect(alice.errors.text).to.not.include('trying again')
    await finish()
  }).timeout(20_000)

  it('does not renew them without a ticket while the host reaches the services, and talks on', async () => {
    const alices = await Profile.open(installation.home.path, 'alice')
    const { account } = alices.login
    const link = await Link.to(account.directoryAddress)
    const directoryAddress = `localhost:${parseAddress(link.address).port}`
    // Nor does Auth tell alice another way there.
    const authAddress = '127.0.0.1:1'
    await alices.update((state) => ({ ...state, account: { ...account, authAddress, directoryAddress } }))
    await using talk = await talking()
    const { bob, type, finish } = talk
    await untilTraced(bob, 'RenewSwitch', 1)
    await link[Symbol.asyncDispose]()
    await untilTraced(bob, 'RenewRefusal', 3)
    const renewed = traced(bob, 'RenewSwitch')
    await type()
    expect(traced(bob, 'RenewSwitch')).to.equal(renewed)
    await finish()
  })

  it('closes at the next renewal once the opener’s session was ended elsewhere', async () => {
    await using talk = await talking()
    const { alice, bob } = talk
    await untilTraced(bob, 'RenewSwitch', 1)
    const alices = await Profile.open(installation.home.path, 'alice')
    await logout(alices, new AbortController().signal)
    expect((await rejection(alice.done)).code).to.equal('ERR_SESSION_ENDED')
    await bob.errors.until((text) => text.includes('EXPIRED'))
  })

  it('closes when no renewal comes for too long, and is opened anew', async () => {
    await using talk = await talking({ renewEveryMs: 60_000, renewWithinMs: 200 })
    const { alice, bob, type, finish } = talk
    await bob.errors.until((text) => text.includes('EXPIRED'))
    await alice.errors.until((text) => text.includes('is there again'))
    await type()
    await finish()
  })

  it('is noticed to be cut when the other end is silent, and opened anew', async () => {
    const port = await freePort()
    const link = await Link.to(`127.0.0.1:${port}`)
    const [address = '', linkPort] = link.address.split(':')
    const channelTimes = { pingAfterMs: 50, silenceLimitMs: 200 }
    const at = { listen: { address: '127.0.0.1', port }, advertise: [{ address, port: Number(linkPort) }] }
    await using bob = await installation.receive('bob', { channelTimes, ...at })
    const pipe = new PassThrough()
    await using alice = installation.send('alice', 'bob', pipe, { channelTimes })
    pipe.write('before\n')
    await bob.output.until((text) => text === 'before\n')
    link.silence()
    await alice.errors.until((text) => text.includes('broke') && text.includes('is there again'))
    pipe.end('after\n')
    await alice.done
    expect(bob.output.text).to.equal('before\nafter\n')
    await bob.stop()
    await link[Symbol.asyncDispose]()
  })
})
