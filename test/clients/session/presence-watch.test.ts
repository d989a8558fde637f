import { EventEmitter, on, once } from 'node:events'
import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { MAX_WATCHED_NAMES } from '#lib/protocol.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Profile } from '../../../clients/profile/profile.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { logout } from '../../../clients/session/login.ts'
import { PresenceWatch, type PresenceWatching } from '../../../clients/session/presence-watch.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { Installation } from '../../support/installation.ts'
import { Link } from '../../support/link.ts'
import { bytesOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

/** What a watch has said, one thing after the other: `bob online`, `bob offline`, `lost`, `regained`. */
class Told {
  readonly #emitter = new EventEmitter()
  readonly #said = on(this.#emitter, 'said')

  watching(signal: AbortSignal): PresenceWatching {
    const say = (what: string) => this.#emitter.emit('said', what)
    return {
      signal,
      onChange: (username, online) => say(`${username} ${online ? 'online' : 'offline'}`),
      onLost: () => say('lost'),
      onRegained: () => say('regained'),
    }
  }

  /** The next so many, sorted. */
  async next(count = 1): Promise<string[]> {
    const said: string[] = []
    while (said.length < count) said.push(await this.#one())
    return said.toSorted()
  }

  /** Wait until this is said, whatever comes before. */
  async until(what: string): Promise<void> {
    while ((await this.#one()) !== what);
  }

  async #one(): Promise<string> {
    const { value } = await this.#said.next()
    return (value as [string])[0]
  }
}

describe('PresenceWatch', () => {
  let installation: Installation
  let profiles: Record<'alice' | 'bob' | 'carol', Profile>
  let over: AbortController
  let told: Told
  let clients: DirectoryClient[]

  before(async () => {
    installation = await Installation.start()
    const [alice, bob, carol] = [
      await installation.signUp('alice'),
      await installation.signUp('bob'),
      await installation.signUp('carol'),
    ]
    profiles = { alice, bob, carol }
  })
  beforeEach(() => {
    over = new AbortController()
    told = new Told()
    clients = []
  })
  afterEach(() => {
    over.abort(new SottoError('ERR_INTERRUPTED', 'the test is over'))
    for (const client of clients) client.close()
  })
  after(() => installation[Symbol.asyncDispose]())

  function clientOf(profile: Profile, directoryAddress?: string): DirectoryClient {
    const { account, session } = profile.login
    const reached = { ...account, ...(directoryAddress !== undefined && { directoryAddress }) }
    const client = new DirectoryClient({
      account: reached,
      session,
      clock: new ServerClock(systemClock, 0),
      trace: undefined,
    })
    clients.push(client)
    return client
  }

  /** A watch of alice's. */
  const watch = (usernames: string[], changes: Partial<PresenceWatching> = {}, client = clientOf(profiles.alice)) =>
    client.watch(usernames, { ...told.watching(over.signal), ...changes })

  /** Put somebody online. @returns when they are; the function takes them offline. */
  async function announce(name: keyof typeof profiles): Promise<() => void> {
    const gone = new AbortController()
    const { promise: online, resolve } = Promise.withResolvers<void>()
    const announced = clientOf(profiles[name]).announce({
      endpoints: () => [{ address: '192.168.2.1', port: 4_000 }],
      instanceId: bytesOf('instance id', 16),
      signal: AbortSignal.any([over.signal, gone.signal]),
      onOnline: () => resolve(),
      onOffline: () => {},
    })
    await Promise.race([online, announced])
    announced.catch(() => undefined)
    return () => gone.abort(new SottoError('ERR_INTERRUPTED', 'gone'))
  }

  it('tells the first states and the changes', async () => {
    const leave = await announce('bob')
    watch(['bob', 'carol'])
    expect(await told.next(2)).to.deep.equal(['bob online', 'carol offline'])
    await announce('carol')
    expect(await told.next()).to.deep.equal(['carol online'])
    leave()
    expect(await told.next()).to.deep.equal(['bob offline'])
  })

  it('ends with what its signal was aborted with', async () => {
    const { ended } = watch(['bob'])
    await told.next()
    over.abort(new SottoError('ERR_INTERRUPTED', 'enough'))
    expect(await rejection(ended)).to.have.property('message', 'enough')
  })

  describe('setUsernames', () => {
    it('watches others, and tells again of nobody', async () => {
      const leave = await announce('bob')
      const watching = watch(['bob'])
      await told.next()
      watching.setUsernames(['bob', 'carol'])
      expect(await told.next()).to.deep.equal(['carol offline'])
      leave()
      expect(await told.next()).to.deep.equal(['bob offline'])
      watching.setUsernames(['carol'])
      await announce('bob')
      await announce('carol')
      expect(await told.next()).to.deep.equal(['carol online'])
    })

    it('goes from nobody to somebody and back', async () => {
      const watching = watch([])
      watching.setUsernames(['bob'])
      expect(await told.next()).to.deep.equal(['bob offline'])
      watching.setUsernames([])
      watching.setUsernames(['carol'])
      expect(await told.next()).to.deep.equal(['carol offline'])
    })

    it('can be called from what is told', async () => {
      const { signal } = over
      const watching: PresenceWatch = watch(['bob'], {
        onChange(username, online) {
          told.watching(signal).onChange(username, online)
          watching.setUsernames(['carol'])
        },
      })
      expect([await told.next(), await told.next()]).to.deep.equal([['bob offline'], ['carol offline']])
    })

    it('may be called in a hurry', async () => {
      const watching = watch([])
      for (let count = 0; count < 200; count++) {
        watching.setUsernames(Array.from({ length: count }, (_, i) => `n${i}`))
        if (count % 10 === 0) await new Promise(setImmediate)
      }
      expect(await told.next(199)).to.include('n198 offline')
    })

    it('takes more people than fit in one request', async () => {
      await announce('bob')
      const many = Array.from({ length: 2 * MAX_WATCHED_NAMES }, (_, i) => `n${i}`)
      watch([...many, 'bob'])
      expect(await told.next(many.length + 1)).to.include.members(['bob online', `${many.at(-1)} offline`])
    })
  })

  describe('whose link breaks', () => {
    it('begins again, and tells nothing twice', async () => {
      await using link = await Link.to(profiles.alice.login.account.directoryAddress)
      await announce('bob')
      watch(['bob', 'carol'], {}, clientOf(profiles.alice, link.address))
      await told.next(2)
      link.cut()
      expect([await told.next(), await told.next()]).to.deep.equal([['lost'], ['regained']])
      await announce('carol')
      expect(await told.next()).to.deep.equal(['carol online'])
    })

    it('notices by the silence that a link is dead which says nothing of it', async () => {
      await using link = await Link.to(profiles.alice.login.account.directoryAddress)
      watch(['bob'], { silenceMs: 300 }, clientOf(profiles.alice, link.address))
      await told.until('bob offline')
      link.silence()
      await told.until('lost')
    })
  })

  describe('whose directory', () => {
    afterEach(async () => {
      await installation.stopDirectory()
      await installation.startDirectory()
    })

    it('restarts learns what has changed meanwhile', async () => {
      const leave = await announce('bob')
      watch(['bob', 'carol'])
      await told.next(2)
      await installation.stopDirectory()
      expect(await told.next()).to.deep.equal(['lost'])
      leave()
      await installation.startDirectory()
      expect([await told.next(), await told.next()]).to.deep.equal([['regained'], ['bob offline']])
      await announce('bob')
      expect(await told.next()).to.deep.equal(['bob online'])
    })

    it('is not there yet waits for it', async () => {
      await installation.stopDirectory()
      watch(['bob'])
      expect(await told.next()).to.deep.equal(['lost'])
      await installation.startDirectory()
      expect([await told.next(), await told.next()]).to.deep.equal([['regained'], ['bob offline']])
    })

    it('makes states up hears them for nobody else than it asked for', async () => {
      const lies = Array.from({ length: 1_000 }, (_, i) => `n${i}`)
      new PresenceWatch(['bob'], {
        ...told.watching(over.signal),
        async *call(_, signal) {
          yield { states: [...lies, '', 'bob'].map((username) => ({ username, presence: Presence.ONLINE })) }
          await once(signal, 'abort')
        },
      })
      expect(await told.next()).to.deep.equal(['bob online'])
    })

    it('ends the session ends, and is not asked again', async () => {
      const dave = await installation.signUp('dave')
      const watching = watch(['bob'], {}, clientOf(dave))
      await told.next()
      await logout(dave, over.signal)
      watching.setUsernames(['alice'])
      expect(await rejection(watching.ended)).to.have.property('code', 'ERR_SESSION_ENDED')
    })
  })
})
