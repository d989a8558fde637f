/**
 * A client's link to the mailboxes at the relay: its own, and those of others. What a mailbox says is held to the limits
 * of its contract, and otherwise believed in nothing.
 *
 * @module
 */
import type { MailboxServiceService, PutPrekeysRequest } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { SottoError } from '#lib/errors.ts'
import { isPrekey, PREKEY_ID_BYTES, type Prekey } from '#lib/letter/prekey.ts'
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

/** How many ids one message may have. */
const MAX_IDS = 128

/** How many letters are taken from one Collect: as many as a mailbox may have. */
const MAX_COLLECTED = 1_000

/** Where a letter goes: the receiver, and the session that its ticket is sealed for. */
export interface LetterAddress {
  readonly name: string
  /** 16 bytes. */
  readonly sessionId: Uint8Array
}

/** A letter in the own mailbox. */
export interface CollectedLetter {
  /** 16 bytes, which name it at the mailbox. */
  readonly letterId: Uint8Array
  readonly bytes: Uint8Array
  /** Have it deleted: it is stored, or nothing can be done with it. */
  acknowledge(): Promise<void>
}

export class MailboxClient {
  readonly #connection: Connection<typeof MailboxServiceService>
  readonly #bearer: Secret
  readonly #trace: Trace
  readonly #ownName: string

  /**
   * @param connection - Closed with this.
   * @param traced - What tells of the calls, and by which name.
   */
  constructor(
    connection: Connection<typeof MailboxServiceService>,
    bearer: Secret,
    { trace, ownName }: { readonly trace: Trace; readonly ownName: string } = { trace: undefined, ownName: '' },
  ) {
    this.#connection = connection
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
    const { prekeyIds, lastResortId } = await this.#connection.call.putPrekeys(request, {
      bearer: this.#bearer,
      signal,
    })
    // One that only asks is nothing to look at.
    if (request.prekeys.length > 0) await this.#tell(() => putPrekeysEvent(request, this.#ownName, this.#bearer))
    expect(prekeyIds.length <= MAX_IDS && prekeyIds.every(({ length }) => length === PREKEY_ID_BYTES), 'prekey_ids')
    expect(lastResortId.length === 0 || lastResortId.length === PREKEY_ID_BYTES, 'last_resort_id')
    return { prekeyIds, lastResortId: lastResortId.length === 0 ? undefined : lastResortId }
  }

  /** Take a prekey of somebody. @throws as {@link putPrekeys}; `ERR_NO_MAILBOX`. */
  async takePrekey({ name, sessionId }: LetterAddress, signal: AbortSignal): Promise<Prekey> {
    const request = { username: name, sessionId: Buffer.from(sessionId) }
    await this.#tell(() => takePrekeyEvent(request, this.#ownName, this.#bearer))
    const { prekey } = await this.#connection.call.takePrekey(request, { bearer: this.#bearer, signal })
    expect(prekey !== undefined && isPrekey(prekey), 'prekey')
    await this.#tell(() => takePrekeyResponseEvent(prekey, this.#ownName, name))
    return prekey
  }

  /** Leave a letter for somebody. @throws as the call does: `ERR_BUSY` where there is no room, `ERR_NO_MAILBOX`. */
  async post({ name, sessionId }: LetterAddress, letter: Uint8Array, signal: AbortSignal): Promise<void> {
    const request = { username: name, sessionId: Buffer.from(sessionId), letter: Buffer.from(letter) }
    await this.#tell(() => postEvent(request, this.#ownName, this.#bearer))
    await this.#connection.call.post(request, { bearer: this.#bearer, signal })
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
    const trace = this.#trace
    if (trace !== undefined && trace.isOff?.() !== true) await tellInTurn(trace, event())
  }

  /** The letters that wait here, the oldest first, until there are no more. @throws as the call does. */
  async *collect(signal: AbortSignal): AsyncGenerator<CollectedLetter, void, void> {
    const stream = this.#connection.call.collect({ bearer: this.#bearer, signal })
    await stream.send({ letterIds: [] })
    let count = 0
    for await (const { letter } of stream.messages) {
      if (letter === undefined || count === MAX_COLLECTED) stream.end()
      else {
        count += 1
        const { letterId } = letter
        yield { letterId, bytes: letter.letter, acknowledge: () => stream.send({ letterIds: [letterId] }) }
      }
    }
  }

  close(): void {
    this.#connection.close()
  }
}

function onWire({ prekeyId, publicKey, encapsulationKey }: Prekey) {
  return {
    prekeyId: Buffer.from(prekeyId),
    publicKey: Buffer.from(publicKey),
    encapsulationKey: Buffer.from(encapsulationKey),
  }
}

function expect(condition: boolean, field: string): asserts condition {
  if (condition) return
  throw new SottoError('ERR_UNAVAILABLE', `the answer of the relay breaks its contract in ${field}`, {
    hint: 'whoever runs the server has to look: both ends need the same version of sotto',
  })
}
