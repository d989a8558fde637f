/**
 * A client's link to the mailboxes at the relay: its own, and those of others. What a mailbox says is held to the limits
 * of its contract, and otherwise believed in nothing.
 *
 * @module
 */
import type { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { SottoError } from '#lib/errors.ts'
import { isPrekey, PREKEY_ID_BYTES, type Prekey } from '#lib/letter/prekey.ts'
import type { Connection } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'
import type { HeldIds } from '../store/rows/letter-state.ts'

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
  readonly bytes: Uint8Array
  /** Have it deleted: it is stored, or nothing can be done with it. */
  acknowledge(): Promise<void>
}

export class MailboxClient {
  readonly #connection: Connection<typeof MailboxServiceService>
  readonly #bearer: Secret

  /** @param connection - Closed with this. */
  constructor(connection: Connection<typeof MailboxServiceService>, bearer: Secret) {
    this.#connection = connection
    this.#bearer = bearer
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
    const { prekeyIds, lastResortId } = await this.#connection.call.putPrekeys(
      {
        prekeys: change.prekeys.map(onWire),
        lastResort: change.lastResort && onWire(change.lastResort),
        withdrawnIds: change.withdrawnIds.slice(0, MAX_IDS).map((id) => Buffer.from(id)),
      },
      { bearer: this.#bearer, signal },
    )
    expect(prekeyIds.length <= MAX_IDS && prekeyIds.every(({ length }) => length === PREKEY_ID_BYTES), 'prekey_ids')
    expect(lastResortId.length === 0 || lastResortId.length === PREKEY_ID_BYTES, 'last_resort_id')
    return { prekeyIds, lastResortId: lastResortId.length === 0 ? undefined : lastResortId }
  }

  /** Take a prekey of somebody. @throws as {@link putPrekeys}; `ERR_NO_MAILBOX`. */
  async takePrekey({ name, sessionId }: LetterAddress, signal: AbortSignal): Promise<Prekey> {
    const request = { username: name, sessionId: Buffer.from(sessionId) }
    const { prekey } = await this.#connection.call.takePrekey(request, { bearer: this.#bearer, signal })
    expect(prekey !== undefined && isPrekey(prekey), 'prekey')
    return prekey
  }

  /** Leave a letter for somebody. @throws as the call does: `ERR_BUSY` where there is no room, `ERR_NO_MAILBOX`. */
  async post({ name, sessionId }: LetterAddress, letter: Uint8Array, signal: AbortSignal): Promise<void> {
    const request = { username: name, sessionId: Buffer.from(sessionId), letter: Buffer.from(letter) }
    await this.#connection.call.post(request, { bearer: this.#bearer, signal })
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
        yield { bytes: letter.letter, acknowledge: () => stream.send({ letterIds: [letterId] }) }
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
