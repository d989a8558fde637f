/**
 * Staying announced: through whatever happens to the link or the services, and anew whenever another relay is attended.
 *
 * @module
 */
import {
  type AnnounceRequest,
  type AnnounceResponse,
  type AttendedRelay,
  type Endpoint,
  type RefusedEndpoint,
  ReplacedAnnouncement,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import { checkAnnounced } from '../answers.ts'
import { Backoff } from '../backoff.ts'
import { isPassing, LINK_BACKOFF } from '../service-outage.ts'
import { acceptedOf, namingEndpoints } from './refused-endpoints.ts'

/** The relay that a receiver attends, as it changes. */
export interface RelayPresence {
  /** Undefined while there is none. */
  readonly current: AttendedRelay | undefined
  /** Call back whenever another is attended, or none any more. @returns ends it. */
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
  /** The announcement stands, stands again, or stands with others: with these endpoints, of those that were offered. */
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

/** What an announcement asks of the link to the services. */
export interface AnnouncingLink {
  /** Announces once, for as long as the answers go on. */
  readonly call: (request: AnnounceRequest, signal: AbortSignal) => AsyncIterable<AnnounceResponse>
  /** The directory has told the time. */
  readonly checkTime: (told: Date, signal: AbortSignal) => Promise<void>
  /** The announcement stands, and there is time for what is due. */
  readonly onAnswered: () => void
  /** Follow the services to where they have moved. @returns whether they have. */
  readonly follow: (signal: AbortSignal) => Promise<boolean>
  /** Find out why an announcement has ended for good. */
  readonly whyEnded: (error: SottoError, signal: AbortSignal) => Promise<unknown>
}

export class Announcing {
  readonly #announcement: Announcement
  readonly #link: AnnouncingLink

  constructor(announcement: Announcement, link: AnnouncingLink) {
    this.#announcement = announcement
    this.#link = link
  }

  /**
   * Stay announced until the signal is aborted, through whatever happens to the link or the services.
   *
   * @throws SottoError `ERR_ANNOUNCE_REPLACED` if a newer announcement of the account took this one's place;
   *   `ERR_SESSION_ENDED`, also where both are so; whatever the first attempt fails with, unless it is patient and that
   *   passes; what the signal was aborted with.
   */
  async run(): Promise<never> {
    const { signal, relay, onOnline, onOffline, startsOffline = false } = this.#announcement
    const { follow, whyEnded } = this.#link
    const backoff = new Backoff(LINK_BACKOFF)
    let mayFail = startsOffline
    let isReported = false
    for (;;) {
      /** What was told last; nothing while it does not stand. */
      let told: string | undefined
      const error = await this.#announceNewest((accepted) => {
        const endpoints = accepted.map(({ address: host, port }) => formatAddress({ host, port })).join()
        if (endpoints !== told) onOnline(accepted)
        told = endpoints
        mayFail = true
        isReported = false
        backoff.reset()
      })
      const attended = relay?.current
      signal.throwIfAborted()
      if (!mayFail || !isPassing(error)) throw await whyEnded(error, signal)
      if (!isReported) onOffline(error)
      isReported = true
      if (isSottoError(error, 'ERR_UNAVAILABLE') && (await follow(signal))) continue
      await untilAttended(this.#announcement, attended, (sooner) => backoff.wait(sooner, error))
    }
  }

  /**
   * Announce, and announce anew whenever another relay is attended: what stood is dropped only once the new one stands, so
   * that nobody is told of a leaving.
   *
   * @returns why the newest has ended.
   */
  #announceNewest(onRegistered: OnRegistered): Promise<SottoError> {
    const { signal, relay } = this.#announcement
    const ended = Promise.withResolvers<SottoError>()
    // Several may be unanswered, and the directory could take an older one for the newest.
    const open = new Set<AbortController>()
    let newest: AbortController | undefined
    const begin = () => {
      const [own, older] = [new AbortController(), [...open]]
      newest = own
      open.add(own)
      const onOwn: OnRegistered = (accepted) => {
        abortAll(older)
        if (newest === own) onRegistered(accepted)
      }
      this.#announceOnce(AbortSignal.any([signal, own.signal]), onOwn)
        .finally(() => open.delete(own))
        .then((error) => newest === own && ended.resolve(error), ended.reject)
    }
    begin()
    const stopWatching = relay?.onChange(begin)
    return ended.promise.finally(() => {
      stopWatching?.()
      abortAll(open)
    })
  }

  /** Announce, and stay so until it ends: returns why. */
  async #announceOnce(signal: AbortSignal, onRegistered: OnRegistered): Promise<SottoError> {
    const { endpoints, relay, instanceId, onRefused, onReplaced } = this.#announcement
    const { call, checkTime, onAnswered } = this.#link
    let accepted: readonly Endpoint[] | undefined
    let offered: readonly Endpoint[] = []
    try {
      offered = endpoints()
      if (offered.length === 0 && relay?.current === undefined) throw unreachable()
      const request = { endpoints: [...offered], instanceId: Buffer.from(instanceId), relay: relay?.current }
      for await (const response of call(request, signal)) {
        await checkTime(checkAnnounced(response), signal)
        const isFirst = accepted === undefined
        accepted ??= acceptedOf(offered, response.refusedEndpoints)
        onRegistered(accepted)
        if (isFirst && response.refusedEndpoints.length > 0) onRefused?.(response.refusedEndpoints)
        if (response.replaced === ReplacedAnnouncement.OTHER_INSTANCE) onReplaced?.()
        onAnswered()
      }
    } catch (error) {
      if (isSottoError(error)) return namingEndpoints(error, offered)
      throw error
    }
    return new SottoError('ERR_UNAVAILABLE', 'the directory has ended the announcement')
  }
}

function abortAll(announcements: Iterable<AbortController>): void {
  const superseded = new SottoError('ERR_INTERRUPTED', 'another announcement of this client is in its place')
  for (const announcement of announcements) announcement.abort(superseded)
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
