/**
 * Services in the hands of an adversary who has all that Auth and the directory have. They lie about where anybody is
 * and which key is theirs, with tickets that are as good as true ones. The clients are real, and so are the sockets
 * between them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { Presence, type WatchPresenceResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { sealTicket, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import { Profile } from '../../clients/profile/profile.ts'
import type { Announcement } from '../../clients/session/announcement/announcing.ts'
import { DirectoryClient, type RequestedChat } from '../../clients/session/directory-client.ts'
import { PresenceWatch, type PresenceWatching } from '../../clients/session/presence-watch.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { secretOf } from './random.ts'

/** A claim of the services about a name. */
export interface Claim {
  /** The profile to which callers of the name are sent. */
  readonly profile: string
  readonly identityKey: Uint8Array
}

const MAX_SESSION_DURATION_MS = 12 * 60 * 60 * 1_000

export class LyingServices {
  /** Whether they go on saying that somebody is online who has gone. */
  deniesDepartures = false
  readonly #authorityPem: string
  readonly #claims = new Map<string, Claim>()
  readonly #announced = new Map<string, Announcement>()
  readonly #changes = new EventEmitter<{ change: [] }>()
  #version = 0

  constructor(authorityPem: string) {
    this.#authorityPem = authorityPem
    this.#changes.setMaxListeners(0)
  }

  /** Create a profile that is signed in, with an identity key that the test knows. */
  async enrol(home: string, { name, username, identity }: Enrolment): Promise<Profile> {
    const profile = await Profile.openOrCreate(home, name)
    const session = {
      sessionId: randomBytes(16),
      keys: deriveSessionKeys(secretOf(`session of ${name}`)),
      expiresAtMs: Date.now() + 1e9,
    }
    const nowhere = { authAddress: '127.0.0.1:1', directoryAddress: '127.0.0.1:1', relayAddresses: [] }
    const account = { ...nowhere, username, authorityPem: this.#authorityPem, clockOffsetMs: 0, session }
    await profile.update((state) => ({ ...state, identity, account }))
    return profile
  }

  /** The directory as a profile reaches it: this one, which lies. */
  directoryFor(profile: Profile): DirectoryClient {
    return new LyingDirectory(this, profile)
  }

  /** Set the claim about a name from now on. */
  claim(username: string, claim: Claim): void {
    this.#claims.set(username, claim)
    this.#change()
  }

  #claimOf(username: string): Claim {
    const claim = this.#claims.get(username)
    if (claim === undefined) throw new SottoError('ERR_NO_SUCH_USER', 'no such user')
    return claim
  }

  presenceOf(username: string): Presence {
    const isOnline = this.#announced.has(this.#claims.get(username)?.profile ?? '')
    return isOnline ? Presence.ONLINE : Presence.OFFLINE
  }

  issue(asker: Profile, receiverName: string): RequestedChat {
    const { profile, identityKey: receiverIdentityKey } = this.#claimOf(receiverName)
    const announcement = this.#announced.get(profile)
    if (announcement === undefined) throw new SottoError('ERR_NOT_ONLINE', `${receiverName} is not online`)
    const senderName = asker.login.account.username
    const { instanceId } = announcement
    const issuedAtMs = Date.now()
    const common = {
      receiverIdentityKey,
      maxSessionDurationMs: MAX_SESSION_DURATION_MS,
      secret: secretOf(`conversation at ${issuedAtMs}`),
      expiresAtMs: issuedAtMs + TICKET_LIFETIME_MS,
    }
    const sender = { senderName, senderIdentityKey: this.#claimOf(senderName).identityKey, senderAddress: '' }
    const key = deriveSessionKeys(secretOf(`session of ${profile}`)).ticketKey
    const body = { ...common, ...sender, ticketId: randomBytes(16), issuedAtMs }
    const ticket = sealTicket({ key, realm: this.#realm, receiverName, instanceId, nonce: randomBytes(12), body })
    const grant = {
      ...common,
      nonce: randomBytes(16),
      ticketHash: ticketHash(ticket),
      receiverName,
      receiverInstanceId: instanceId,
    }
    const endpoints = announcement.endpoints()
    return { endpoints, relay: undefined, ticket, grant: { ...grant, receiverSessionId: randomBytes(16) } }
  }

  get #realm(): Uint8Array {
    return realmOf(this.#authorityPem)
  }

  async announce(profile: string, announcement: Announcement): Promise<never> {
    const { signal, onOnline } = announcement
    this.#announced.set(profile, announcement)
    onOnline(announcement.endpoints())
    this.#change()
    if (!signal.aborted) await once(signal, 'abort')
    const isLast = this.#announced.get(profile) === announcement
    if (isLast && !this.deniesDepartures) this.#announced.delete(profile)
    this.#change()
    throw signal.reason
  }

  /** The presence of these people, and each change, until the signal is aborted. */
  async *presence(usernames: readonly string[], signal: AbortSignal): AsyncGenerator<WatchPresenceResponse> {
    const lastReported = new Map<string, Presence>()
    while (!signal.aborted) {
      const version = this.#version
      const states = usernames.map((username) => ({ username, presence: this.presenceOf(username) }))
      const news = states.filter(({ username, presence }) => lastReported.get(username) !== presence)
      for (const { username, presence } of news) lastReported.set(username, presence)
      if (news.length > 0) yield { states: news }
      if (version === this.#version) await once(this.#changes, 'change', { signal }).catch(() => undefined)
    }
  }

  #change(): void {
    this.#version += 1
    this.#changes.emit('change')
  }
}

interface Enrolment {
  /** The name of the profile. */
  readonly name: string
  readonly username: string
  readonly identity: KeyPair
}

class LyingDirectory extends DirectoryClient {
  readonly #services: LyingServices
  readonly #profile: Profile

  constructor(services: LyingServices, profile: Profile) {
    super({ ...profile.login, clock: new ServerClock(systemClock, 0), trace: undefined })
    this.#services = services
    this.#profile = profile
  }

  override async requestChat(username: string): Promise<RequestedChat> {
    return this.#services.issue(this.#profile, username)
  }

  override async getPresence(username: string): Promise<Presence> {
    return this.#services.presenceOf(username)
  }

  override announce(announcement: Announcement): Promise<never> {
    return this.#services.announce(this.#profile.name, announcement)
  }

  override watch(usernames: Iterable<string>, watching: PresenceWatching): PresenceWatch {
    return new PresenceWatch(usernames, {
      ...watching,
      call: (request, signal) => this.#services.presence(request.usernames, signal),
    })
  }
}
