/**
 * A client's link to the mailboxes at the relay: its own, and those of others. What a mailbox says is held to the limits
 * of its contract, and otherwise believed in nothing.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type {
  CollectResponse,
  MailboxServiceService,
  PutPrekeysRequest,
  StoredLetter,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import { asBuffer } from '#lib/as-buffer.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { PREKEY_ID_BYTES, type Prekey } from '#lib/letter/prekey.ts'
import type { Connection } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'
import type { HeldIds } from '../store/rows/letter-state.ts'
import {
  collectedEvent,
  type OpenedLetter,
  postEvent,
  putPrekeysEvent,
  takePrekeyEvent,
  takePrekeyResponseEvent,
} from '../trace/letter-events.ts'
import { type Trace, type TraceEvent, tellInTurn } from '../trace/trace.ts'
import { type AddressedLetter, brokenContract, type LetterAddress, readPosted, readPrekey } from './mailbox-results.ts'

/** How many ids one message may have. */
const MAX_IDS = 128

/** How many letters are taken from one Collect: as many as a mailbox may have. */
const MAX_COLLECTED = 1_000

/** A letter in the own mailbox. */
export interface CollectedLetter {
  /** 16 bytes, which name it at the mailbox. */
  readonly letterId: Uint8Array
  readonly bytes: Uint8Array
}

/** The letters that came together, to be stored together. */
export interface Arrival {
  /** At least one, the oldest first. */
  readonly letters: readonly CollectedLetter[]
  /** Have letters deleted, these or earlier ones: they are stored, or nothing can be done with them. */
  acknowledge(letters: readonly CollectedLetter[]): Promise<void>
}

type MailboxConnection = Connection<typeof MailboxServiceService>

export class MailboxClient {
  /** One to each relay; the first is asked. They share their mailboxes, so that any will do. */
  readonly #connections: MailboxConnection[]
  readonly #bearer: Secret
  readonly #trace: Trace
  readonly #ownName: string

  /**
   * @param connections - One to each relay, at least one, in the order in which they are asked. Closed with this.
   * @param traced - What tells of the calls, and by which name.
   */
  constructor(
    connections: readonly MailboxConnection[],
    bearer: Secret,
    { trace, ownName }: { readonly trace: Trace; readonly ownName: string } = { trace: undefined, ownName: '' },
  ) {
    if (connections.length === 0) throw new TypeError('a mailbox is at a relay')
    this.#connections = [...connections]
    this.#bearer = bearer
    this.#trace = trace
    this.#ownName = ownName
  }

  /**
   * Put down prekeys and withdraw others, and learn which are there.
   *
   * @param change.prekeys - At most 32.
   * @throws SottoError what the call gives; `ERR_UNAVAILABLE` if the answer breaks its contract.
   */
  async putPrekeys(
    change: {
      readonly prekeys: readonly Prekey[]
      readonly lastResort: Prekey | undefined
      readonly withdrawnIds: readonly Uint8Array[]
    },
    signal: AbortSignal,
  ): Promise<HeldIds> {
    const request: PutPrekeysRequest = {
      prekeys: change.prekeys.map(onWire),
      lastResort: change.lastResort && onWire(change.lastResort),
      withdrawnIds: change.withdrawnIds.slice(0, MAX_IDS).map((id) => Buffer.from(id)),
    }
    const { prekeyIds, lastResortId } = await this.#ask(({ call }) =>
      call.putPrekeys(request, { bearer: this.#bearer, signal }),
    )
    // One that only asks is nothing to look at.
    if (request.prekeys.length > 0) await this.#tell(() => putPrekeysEvent(request, this.#ownName, this.#bearer))
    expect(prekeyIds.length <= MAX_IDS && prekeyIds.every(({ length }) => length === PREKEY_ID_BYTES), 'prekey_ids')
    expect(lastResortId.length === 0 || lastResortId.length === PREKEY_ID_BYTES, 'last_resort_id')
    return { prekeyIds, lastResortId: lastResortId.length === 0 ? undefined : lastResortId }
  }

  /**
   * Take a prekey of each of several people.
   *
   * @param addresses - At most MAX_LETTERS_TOGETHER.
   * @returns in their order each, or why there is none: `ERR_NO_MAILBOX`, or `ERR_UNAVAILABLE` for one that breaks the
   *   contract.
   * @throws as {@link putPrekeys}.
   */
  async takePrekeys(addresses: readonly LetterAddress[], signal: AbortSignal): Promise<(Prekey | SottoError)[]> {
    const receivers = addresses.map(addressOnWire)
    for (const receiver of receivers) {
      await this.#tell(() => takePrekeyEvent(receiver, receivers.length, this.#ownName, this.#bearer))
    }
    const { results } = await this.#ask(({ call }) => call.takePrekeys({ receivers }, { bearer: this.#bearer, signal }))
    expect(results.length === receivers.length, 'results')
    const prekeys = results.map(({ result }) => readPrekey(result))
    for (const [index, prekey] of prekeys.entries()) {
      const { username = '' } = receivers[index] ?? {}
      if (!isSottoError(prekey))
        await this.#tell(() => takePrekeyResponseEvent(onWire(prekey), this.#ownName, username))
    }
    return prekeys
  }

  /**
   * Leave letters for several people.
   *
   * @param letters - As many as one request takes: see {@link inRequests}.
   * @returns in their order undefined, or why a letter is not left: `ERR_BUSY` where there is no room, `ERR_NO_MAILBOX`,
   *   `ERR_CHAT_WITH_SELF`.
   * @throws as {@link putPrekeys}.
   */
  async postLetters(letters: readonly AddressedLetter[], signal: AbortSignal): Promise<(SottoError | undefined)[]> {
    const posted = letters.map(({ address, letter }) => ({ ...addressOnWire(address), letter: asBuffer(letter) }))
    for (const each of posted) await this.#tell(() => postEvent(each, posted.length, this.#ownName, this.#bearer))
    const { results } = await this.#ask(({ call }) =>
      call.postLetters({ letters: posted }, { bearer: this.#bearer, signal }),
    )
    expect(results.length === posted.length, 'results')
    return results.map(({ result }) => readPosted(result))
  }

  /** Tell of a letter that was collected here, and opened. */
  async tellCollected(
    { letterId, bytes }: Pick<CollectedLetter, 'letterId' | 'bytes'>,
    opened: OpenedLetter,
  ): Promise<void> {
    const stored = { letterId: Buffer.from(letterId), letter: Buffer.from(bytes) }
    await this.#tell(() => collectedEvent(stored, this.#ownName, opened))
  }

  async #tell(event: () => TraceEvent): Promise<void> {
    await tellInTurn(this.#trace, event)
  }

  /** The letters that wait here, until there are no more. @throws as the call does. */
  async *collect(signal: AbortSignal): AsyncGenerator<Arrival, void, void> {
    const connection = this.#first
    try {
      const stream = connection.call.collect({ bearer: this.#bearer, signal })
      await stream.send({ letterIds: [] })
      const acknowledge = async (letters: readonly CollectedLetter[]) => {
        for (let first = 0; first < letters.length; first += MAX_IDS) {
          const acknowledged = letters.slice(first, first + MAX_IDS)
          await stream.send({ letterIds: acknowledged.map(({ letterId }) => Buffer.from(letterId)) })
        }
      }
      let count = 0
      for await (const first of stream.messages) {
        const arrived = [first]
        // What came with it is decoded by then: 16 more at most.
        await setImmediate()
        for (let next = stream.ready(); next !== undefined; next = stream.ready()) arrived.push(next)
        const letters = lettersOf(arrived).slice(0, MAX_COLLECTED - count)
        count += letters.length
        if (letters.length > 0) yield { letters, acknowledge }
        if (letters.length < arrived.length) stream.end()
      }
    } catch (error) {
      this.#leave(connection, error)
      throw error
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  get #first(): MailboxConnection {
    return this.#connections[0] as MailboxConnection
  }

  /**
   * Ask one relay after the other, until one can be reached. Where one has heard the question and its answer was lost,
   * that is no harm: mailboxes may repeat, and whoever reads them knows what they have.
   */
  async #ask<T>(question: (connection: MailboxConnection) => Promise<T>): Promise<T> {
    for (let left = this.#connections.length; ; left -= 1) {
      const connection = this.#first
      try {
        return await question(connection)
      } catch (error) {
        if (!this.#leave(connection, error) || left === 1) throw error
      }
    }
  }

  /** Ask another relay from now on, if that one cannot be reached. @returns whether it cannot. */
  #leave(connection: MailboxConnection, error: unknown): boolean {
    if (!isSottoError(error, 'ERR_UNAVAILABLE')) return false
    if (connection === this.#first) this.#connections.push(...this.#connections.splice(0, 1))
    return true
  }
}

/** The letters of answers, up to the one that says that there are no more. */
function lettersOf(answers: readonly CollectResponse[]): readonly CollectedLetter[] {
  const end = answers.findIndex(({ letter }) => letter === undefined)
  const letters = answers.slice(0, end === -1 ? answers.length : end).map(({ letter }) => letter as StoredLetter)
  return letters.map(({ letterId, letter }) => ({ letterId, bytes: letter }))
}

function addressOnWire({ name, sessionId }: LetterAddress) {
  return { username: name, sessionId: asBuffer(sessionId) }
}

/** The same memory, under the name that the generated code knows. */

function onWire({ prekeyId, publicKey, encapsulationKey }: Prekey) {
  return {
    prekeyId: Buffer.from(prekeyId),
    publicKey: Buffer.from(publicKey),
    encapsulationKey: Buffer.from(encapsulationKey),
  }
}

function expect(condition: boolean, field: string): asserts condition {
  if (!condition) throw brokenContract(field)
}
