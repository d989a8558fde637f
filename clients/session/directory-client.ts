/**
 * A client's link to the directory: asks for conversations (messages 3 and 4), stays announced, and learns who else
 * is online.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  type AttendedRelay,
  type Endpoint,
  type Presence,
  type RefusedEndpoint,
  ReplacedAnnouncement,
  type WatchPresenceRequest,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { LOOPBACK } from '#lib/runtime/network/ranges.ts'
import {
  checkGrant,
  type Grant,
  type GrantContext,
  type GrantExpectation,
  openGrant,
  REQUEST_NONCE_BYTES,
} from '#lib/ticket/grant.ts'
import { realmOfAccount, type Session, type SignedIn } from '../profile/state.ts'
import { requestChatEvent, requestChatResponseEvent } from '../trace/directory-events.ts'
import { type Trace, tellInTurn } from '../trace/trace.ts'
import { checkAnnounced, checkPresence, checkRequestedChat } from './answers.ts'
import { Backoff, inTurn } from './backoff.ts'
import { DirectoryLink, type Learnt } from './directory-link.ts'
import { askServerTime } from './login.ts'
import { PresenceWatch, type PresenceWatching } from './presence-watch.ts'
import { acceptedOf, namingEndpoints } from './refused-endpoints.ts'
import { type RequestedLetter, requestLetters } from './request-letters.ts'
import { listPeople, type Person } from './roster.ts'
import type { ServerClock } from './server-clock.ts'
import { isPassing, LINK_BACKOFF } from './service-outage.ts'
import { explained, whyReplaced } from './session-end.ts'

/** The ticket, the grant and the endpoints of one conversation. */
export interface RequestedChat {
  /** The endpoints of the receiver, on the word of the directory alone. */
  readonly endpoints: readonly Endpoint[]
  /** The relay that the receiver attends, on the same word. */
  readonly relay: AttendedRelay | undefined
  /** Sealed for the receiver. */
  readonly ticket: Uint8Array
  /** Opened, and checked to answer this very request. */
  readonly grant: Grant
}

/** The relay that a receiver attends, as it changes. */
export interface RelayPresence {
  /** Undefined while there is none. */
  readonly current: AttendedRelay | undefined
  /** Call back whenever another is attended. @returns ends it. */
  onChange(listener: () => void): () => void
}

export interface Announcement {
  /** Asked at each announcing, for addresses change. */
  readonly endpoints: () => readonly Endpoint[]
  /** The relay that is attended: each change is announced anew, in the place of what stands. */
  readonly relay?: RelayPresence | undefined
  /** 16 random bytes, drawn at the start of the receiver. */
  readonly instanceId: Uint8Array
  readonly signal: AbortSignal
  /** The announcement stands, or stands again: with these endpoints, of those that were offered. */
  readonly onOnline: (endpoints: readonly Endpoint[]) => void
  /** Others are not told of these. */
  readonly onRefused?: ((refused: readonly RefusedEndpoint[]) => void) | undefined
  /** Another installation was online as this account, and is no longer. */
  readonly onReplaced?: (() => void) | undefined
  /** The announcement is lost, and being tried again. Called once, until it stands again. */
  readonly onOffline: (error: SottoError) => void
  /** Whether it is tried again, too, where the services cannot be reached at first. */
  readonly startsOffline?: boolean
}

/** The announcement stands, with the endpoints that others are told of. */
type OnRegistered = (accepted: readonly Endpoint[]) => void

export interface DirectoryClientOptions {
  readonly account: SignedIn
  readonly session: Session
  readonly clock: ServerClock
  readonly trace: Trace
  /** Whether receivers are not to learn the user's address; they are, unless set. */
  readonly hidesAddress?: boolean
  /** Keeps what Auth tells of the installation. */
  readonly onLearnt?: (learnt: Learnt) => Promise<void>
}

/** The least time between two questions to Auth that the directory brought up, in milliseconds. */
const TIME_PAUSE_MS = 60_000

export class DirectoryClient {
  readonly #options: DirectoryClientOptions
  readonly #link: DirectoryLink
  /** Read from the authority's certificate when it is first needed: that takes longer than all else about a grant. */
  #realm: Uint8Array | undefined
  /** When Auth may be asked for the time again, on the monotonic clock. */
  #mayAskTimeAtMs = Number.NEGATIVE_INFINITY

  constructor(options: DirectoryClientOptions) {
    this.#options = options
    this.#link = new DirectoryLink(options.account, options.onLearnt)
  }

  /**
   * Ask for a conversation with somebody.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_CHAT_WITH_SELF`, `ERR_SESSION_ENDED`,
   *   `ERR_UNAVAILABLE` as the directory gives them, the last also for an answer that breaks its contract;
   *   `ERR_GRANT_…` if the grant is not Auth's answer to this request.
   */
  async requestChat(username: string, signal: AbortSignal): Promise<RequestedChat> {
    const { account, session, trace, hidesAddress = false } = this.#options
    const nonce = randomBytes(REQUEST_NONCE_BYTES)
    const request = { username, nonce, hideAddress: hidesAddress }
    await tellInTurn(trace, () => requestChatEvent(request, account.username, session.keys.directoryBearer))
    const bearer = session.keys.directoryBearer
    const response = checkRequestedChat(
      await this.#ask((calls) => calls.requestChat(request, { bearer, signal }), signal),
    )
    const { endpoints, relay, ticket } = response
    const grant = openGrant({ ...this.#grantContext, grant: response.grant })
    await tellInTurn(trace, () => requestChatResponseEvent(response, account.username, grant))
    await this.#checkGrant(grant, { nonce, ticket, receiverName: username }, signal)
    return { endpoints: await this.#leadingElsewhere(endpoints), relay, ticket, grant }
  }

  /**
   * Ask for the tickets and the grants of letters to people, online or not.
   *
   * @param usernames - At most MAX_LETTERS_TOGETHER.
   * @returns in their order each, or why there is none.
   * @throws SottoError as request-letters.ts has it.
   */
  async requestLetters(usernames: readonly string[], signal: AbortSignal): Promise<(RequestedLetter | SottoError)[]> {
    const { session, trace } = this.#options
    const bearer = session.keys.directoryBearer
    return await requestLetters(usernames, {
      ask: (request) => this.#ask((calls) => calls.requestLetters(request, { bearer, signal }), signal),
      bearer,
      grantContext: this.#grantContext,
      checkGrant: (grant, expected) => this.#checkGrant(grant, expected, signal),
      trace,
    })
  }

  get #grantContext(): GrantContext {
    const { account, session } = this.#options
    this.#realm ??= realmOfAccount(account)
    return { key: session.keys.grantKey, realm: this.#realm, senderName: account.username }
  }

  /** Check a grant; and once more with the time that Auth says, where it seems to be over its time. */
  async #checkGrant(
    grant: Parameters<typeof checkGrant>[0],
    expected: Omit<GrantExpectation, 'nowMs'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options
    try {
      checkGrant(grant, { ...expected, nowMs: clock.nowMs() })
    } catch (error) {
      if (!isSottoError(error, 'ERR_GRANT_EXPIRED')) throw error
      // It answers a nonce that is seconds old, so it is this machine's clock that was set since the login.
      await this.#learnTime(signal)
      checkGrant(grant, { ...expected, nowMs: clock.nowMs() })
    }
  }

  /**
   * The endpoints without loopback, unless the directory is on this machine: it would lead the caller to a program here, of
   * a stranger's choice.
   */
  async #leadingElsewhere(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const elsewhere = endpoints.filter(({ address }) => !LOOPBACK.has(address))
    return elsewhere.length < endpoints.length && (await this.#link.isOnThisMachine()) ? endpoints : elsewhere
  }

  /**
   * Ask whether somebody is online now.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_SESSION_ENDED`, `ERR_UNAVAILABLE` as the directory gives them.
   */
  async getPresence(username: string, signal: AbortSignal): Promise<Presence> {
    const bearer = this.#options.session.keys.directoryBearer
    return checkPresence(await this.#ask((calls) => calls.getPresence({ username }, { bearer, signal }), signal))
  }

  /**
   * List who has an account, by name, a page at a time.
   *
   * @param prefix - Of their names; empty for all.
   * @throws SottoError `ERR_TURNED_OFF` where the host shows nobody who the others are; `ERR_SESSION_ENDED`,
   *   `ERR_UNAVAILABLE`.
   */
  listPeople(prefix: string, signal: AbortSignal): AsyncGenerator<readonly Person[], void, void> {
    const bearer = this.#options.session.keys.directoryBearer
    return listPeople(async (request) => {
      try {
        return await this.#ask((calls) => calls.listUsers(request, { bearer, signal }), signal)
      } catch (error) {
        if (!isSottoError(error, 'ERR_TURNED_OFF')) throw error
        throw new SottoError('ERR_TURNED_OFF', 'the host does not show who the members are', {
          cause: error,
          hint: 'ask people for their names',
        })
      }
    }, prefix)
  }

  async #ask<T>(call: (calls: DirectoryLink['call']) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await inTurn(() => this.#link.ask(call, signal), signal)
    } catch (error) {
      throw explained(error, this.#options.account)
    }
  }

  async #learnTime(signal: AbortSignal): Promise<void> {
    const { account, clock } = this.#options
    const sentAtMs = clock.local.now().getTime()
    clock.learn(await askServerTime(account, signal), sentAtMs)
  }

  /** Ask Auth for the time where the directory tells another than is known here; without an answer, nothing changes. */
  async #checkTime(told: Date, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const nowMs = clock.local.monotonicMs()
    if (!clock.isDoubtedBy(told) || nowMs < this.#mayAskTimeAtMs) return
    this.#mayAskTimeAtMs = nowMs + TIME_PAUSE_MS
    await this.#learnTime(signal).catch((error: unknown) => {
      if (!isSottoError(error)) throw error
    })
    signal.throwIfAborted()
  }

  /**
   * Stay announced until the signal is aborted, through whatever happens to the link or the services.
   *
   * @throws SottoError `ERR_ANNOUNCE_REPLACED` if a newer announcement of the account took this one's place;
   *   `ERR_SESSION_ENDED`, also where both are so; whatever the first attempt fails with, unless it is patient and that
   *   passes; what the signal was aborted with.
   */
  async announce(announcement: Announcement): Promise<never> {
    const { signal, onOffline, startsOffline = false } = announcement
    const backoff = new Backoff(LINK_BACKOFF)
    let mayFail = startsOffline
    let isReported = false
    for (;;) {
      let isOnline = false
      const error = await this.#announceNewest(announcement, (accepted) => {
        if (!isOnline) announcement.onOnline(accepted)
        isOnline = true
        mayFail = true
        isReported = false
        backoff.reset()
      })
      const attended = announcement.relay?.current
      signal.throwIfAborted()
      if (!mayFail || !isPassing(error)) throw await this.#whyEnded(error, signal)
      if (!isReported) onOffline(error)
      isReported = true
      if (isSottoError(error, 'ERR_UNAVAILABLE') && (await this.#link.follow(signal))) continue
      await untilAttended(announcement, attended, (sooner) => backoff.wait(sooner, error))
    }
  }

  async #whyEnded(error: SottoError, signal: AbortSignal): Promise<unknown> {
    const { account } = this.#options
    if (!isSottoError(error, 'ERR_ANNOUNCE_REPLACED')) return explained(error, account)
    return await whyReplaced(error, account, () => this.getPresence(account.username, signal))
  }

  /**
   * Announce, and announce anew whenever another relay is attended: what stood is dropped only once the new one stands, so
   * that nobody is told of a leaving.
   *
   * @returns why the newest has ended.
   */
  #announceNewest(announcement: Announcement, onRegistered: OnRegistered): Promise<SottoError> {
    const { signal, relay } = announcement
    const ended = Promise.withResolvers<SottoError>()
    let newest: AbortController | undefined
    const begin = () => {
      const [own, before] = [new AbortController(), newest]
      newest = own
      const onOwn: OnRegistered = (accepted) => {
        before?.abort(superseded())
        if (newest === own) onRegistered(accepted)
      }
      this.#announceOnce({ ...announcement, signal: AbortSignal.any([signal, own.signal]) }, onOwn).then(
        (error) => newest === own && ended.resolve(error),
        ended.reject,
      )
    }
    begin()
    const stopWatching = relay?.onChange(begin)
    return ended.promise.finally(() => {
      stopWatching?.()
      newest?.abort(superseded())
    })
  }

  /** Announce, and stay so until it ends: returns why. */
  async #announceOnce(announcement: Announcement, onRegistered: OnRegistered): Promise<SottoError> {
    const { relay, instanceId, signal, onRefused, onReplaced } = announcement
    const bearer = this.#options.session.keys.directoryBearer
    let accepted: readonly Endpoint[] | undefined
    let offered: readonly Endpoint[] = []
    try {
      offered = announcement.endpoints()
      if (offered.length === 0 && relay?.current === undefined) throw unreachable()
      const request = { endpoints: [...offered], instanceId: Buffer.from(instanceId), relay: relay?.current }
      for await (const response of this.#link.call.announce(request, { bearer, signal })) {
        await this.#checkTime(checkAnnounced(response), signal)
        const isFirst = accepted === undefined
        accepted ??= acceptedOf(offered, response.refusedEndpoints)
        onRegistered(accepted)
        if (isFirst && response.refusedEndpoints.length > 0) onRefused?.(response.refusedEndpoints)
        if (response.replaced === ReplacedAnnouncement.OTHER_INSTANCE) onReplaced?.()
        this.#link.learnIfDue(this.#options.clock.local.now().getTime())
      }
    } catch (error) {
      if (isSottoError(error)) return namingEndpoints(error, offered)
      throw error
    }
    return new SottoError('ERR_UNAVAILABLE', 'the directory has ended the announcement')
  }

  /** Learn who of these people is online, and of every change, until the signal is aborted. */
  watch(usernames: Iterable<string>, watching: PresenceWatching): PresenceWatch {
    const bearer = this.#options.session.keys.directoryBearer
    const link = this.#link
    const { account } = this.#options
    const call = async function* (request: WatchPresenceRequest, signal: AbortSignal) {
      try {
        yield* link.call.watchPresence(request, { bearer, signal })
      } catch (error) {
        throw explained(error, account)
      }
    }
    return new PresenceWatch(usernames, { ...watching, call })
  }

  /** Drop the link. An announcement ends with it. */
  close(): void {
    this.#link.close()
  }
}

function superseded(): SottoError {
  return new SottoError('ERR_INTERRUPTED', 'another announcement of this client is in its place')
}

/** Wait, unless another relay is attended than was: then there is something else to announce. */
async function untilAttended(
  { relay, signal }: Announcement,
  before: AttendedRelay | undefined,
  wait: (sooner: AbortSignal) => Promise<void>,
): Promise<void> {
  const attended = new AbortController()
  const stopWatching = relay?.onChange(() => attended.abort())
  try {
    if (relay?.current === before) await wait(AbortSignal.any([signal, attended.signal]))
  } catch {
    signal.throwIfAborted()
  } finally {
    stopWatching?.()
  }
}

/** Others can call neither an address nor through a relay. */
function unreachable(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'no relay of the server answers, and without one nobody can call here', {
    hint: 'try again in a moment; --any-route has others call your own addresses, too',
  })
}
