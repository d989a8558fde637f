/**
 * A client's link to the directory: asks for conversations (messages 3 and 4), stays announced, and learns who else
 * is online.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type {
  AttendedRelay,
  Endpoint,
  Presence,
  WatchPresenceRequest,
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
import { type Announcement, Announcing } from './announcement/announcing.ts'
import { checkPresence, checkRequestedChat } from './answers.ts'
import { inTurn } from './backoff.ts'
import { DirectoryLink, type Learnt } from './directory-link.ts'
import { askServerTime } from './login.ts'
import { PresenceWatch, type PresenceWatching } from './presence-watch.ts'
import { type RequestedLetter, requestLetters } from './request-letters.ts'
import { listPeople, type Person } from './roster.ts'
import type { ServerClock } from './server-clock.ts'
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
   * @throws SottoError as {@link Announcing.run} does.
   */
  announce(announcement: Announcement): Promise<never> {
    const { account, clock, session } = this.#options
    const bearer = session.keys.directoryBearer
    const announcing = new Announcing(announcement, {
      call: (request, signal) => this.#link.call.announce(request, { bearer, signal }),
      checkTime: (told, signal) => this.#checkTime(told, signal),
      onAnswered: () => this.#link.learnIfDue(clock.local.now().getTime()),
      follow: (signal) => this.#link.follow(signal),
      whyEnded: async (error, signal) => {
        if (!isSottoError(error, 'ERR_ANNOUNCE_REPLACED')) return explained(error, account)
        return await whyReplaced(error, account, () => this.getPresence(account.username, signal))
      },
    })
    return announcing.run()
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
