/**
 * Being reachable through a relay: an attendance that is kept up at one of the host's relays, and the calls that come by it.
 *
 * @module
 */
import type { AttendedRelay } from '#gen/sotto/directory/v1/directory_service.ts'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { ATTENDANCE_ID_BYTES, HEARTBEAT_MS } from '#lib/protocol.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import type { Session, SignedIn } from '../../profile/state.ts'
import type { RelayPresence } from '../../session/announcement/announcing.ts'
import { Backoff } from '../../session/backoff.ts'
import { isPassing, LINK_BACKOFF } from '../../session/service-outage.ts'
import { askRelayAddresses, relayTarget } from './relay-link.ts'
import { RelayService } from './relay-service.ts'
import { answerThroughRelay, type RelayConnection } from './relayed-call.ts'

/** The silence after which an attendance counts as dead, in milliseconds: two heartbeats, with the time for a look. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS

/** How many calls may be answered at once that have not said who they are: each waits for its Hello for 5 s at most. */
const MAX_UNPROVEN = 16

export interface AttendingOptions {
  readonly account: SignedIn
  readonly session: Session
  /** Serves a conversation. `onProven` is to be called once the caller has shown who they are. */
  readonly converse: (
    stream: Duplex<ConverseRequest, ConverseResponse>,
    call: { readonly signal: AbortSignal; readonly onProven: () => void },
  ) => Promise<void>
  /** Letters may have come: the relay says so, or it may not have known whom to tell until now. */
  readonly onMail: () => void
  /** Ends the attendance; conversations that have begun go on. */
  readonly signal: AbortSignal
}

export class Attending implements RelayPresence {
  /** Resolves when it is known whether a relay can be attended: at the first one, or when there is none. */
  readonly settled: Promise<void>
  readonly #options: AttendingOptions
  readonly #listeners = new Set<() => void>()
  /** The conversations that came by it, and the links that they run over. */
  readonly #answered = new Set<Promise<void>>()
  readonly #connections = new Set<RelayConnection>()
  readonly #unproven = new Set<AbortController>()
  #current: AttendedRelay | undefined
  #onSettled: () => void = () => {}

  constructor(options: AttendingOptions) {
    this.#options = options
    this.settled = new Promise((resolve) => {
      this.#onSettled = resolve
    })
    void this.#run()
  }

  get current(): AttendedRelay | undefined {
    return this.#current
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Drop what conversations there still are, and the links to relays. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await Promise.all(this.#answered)
  }

  async #run(): Promise<void> {
    const { account, session, signal } = this.#options
    const backoff = new Backoff(LINK_BACKOFF)
    let addresses = shuffled(account.relayAddresses)
    // A session of before there were relays has nothing to show them: its user signs in again, and all else goes on.
    while (!signal.aborted && session.keys.relayBearer !== undefined) {
      let failure: SottoError | undefined
      for (const address of addresses) {
        const error = await this.#attend(address, () => backoff.reset())
        this.#onSettled()
        if (signal.aborted || !isPassing(error)) return
        failure = error
      }
      this.#change(undefined)
      // A relay that has too much to do says when to come back.
      await backoff.wait(signal, failure).catch(() => undefined)
      // They may have moved, or there may be others now.
      addresses = shuffled(await askRelayAddresses(account, signal).catch(() => addresses))
      this.#onSettled()
    }
    this.#onSettled()
  }

  /** Attend at a relay until that ends. @returns why. */
  async #attend(address: string, onAttended: () => void): Promise<SottoError> {
    const { account, session, onMail, signal } = this.#options
    const { relayBearer: bearer } = session.keys
    if (bearer === undefined) throw new TypeError('a session without a relay bearer')
    const connection = connect(RelayService, relayTarget(account, address))
    this.#connections.add(connection)
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(silent()), SILENCE_MS)
    const open = new Set<Promise<void>>()
    try {
      for await (const { event } of connection.call.attend(
        {},
        { bearer, signal: AbortSignal.any([signal, silence.signal]) },
      )) {
        timer.refresh()
        if (event?.$case === 'attendanceId' && event.value.length === ATTENDANCE_ID_BYTES) {
          this.#change({ address, attendanceId: event.value })
          onAttended()
          onMail()
        }
        if (event?.$case === 'mail') onMail()
        if (event?.$case === 'callId') {
          const answered = this.#answer(connection, event.value)
          open.add(answered)
          void answered.finally(() => open.delete(answered))
        }
      }
      return new SottoError('ERR_UNAVAILABLE', 'the relay has ended the attendance')
    } catch (error) {
      if (isSottoError(error)) return error
      throw error
    } finally {
      clearTimeout(timer)
      // What goes on over the link keeps it open.
      void Promise.all(open).then(() => {
        this.#connections.delete(connection)
        connection.close()
      })
    }
  }

  #answer(connection: RelayConnection, callId: Uint8Array): Promise<void> {
    const { session, converse } = this.#options
    const { relayBearer: bearer } = session.keys
    if (bearer === undefined) throw new TypeError('a session without a relay bearer')
    const unproven = new AbortController()
    // Who came first has to go: a caller with a Hello in its hand is through in milliseconds.
    const [first] = this.#unproven
    if (this.#unproven.size >= MAX_UNPROVEN) first?.abort(crowded())
    this.#unproven.add(unproven)
    const onProven = () => void this.#unproven.delete(unproven)
    const { signal } = unproven
    const answered = answerThroughRelay(connection, callId, { bearer, signal }, (stream) =>
      converse(stream, { signal, onProven }),
    ).finally(() => {
      this.#unproven.delete(unproven)
      this.#answered.delete(answered)
    })
    this.#answered.add(answered)
    return answered
  }

  /** Another relay is attended, or none of those that there are. */
  #change(relay: AttendedRelay | undefined): void {
    if (relay === this.#current) return
    this.#current = relay
    this.#onSettled()
    for (const listener of this.#listeners) listener()
  }
}

/** Relays in an order of their own for each client, so that they share the work. */
export function shuffled(addresses: readonly string[]): readonly string[] {
  return addresses
    .map((address) => ({ address, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ address }) => address)
}

function silent(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'the relay has fallen silent')
}

function crowded(): SottoError {
  return new SottoError('ERR_BUSY', 'too many callers wait to be let in', { retryAfterMs: 1_000 })
}
