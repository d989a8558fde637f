/**
 * A link over a connection of the simulated network, for a conversation: clients/peer/record-link.ts without gRPC.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { RecordLink } from '../../clients/peer/record-link.ts'
import type { ConnectionEnd, Packet, Receiver } from './network.ts'
import type { ConnectionOwner } from './owners.ts'

export class SimulatedLink implements RecordLink, Receiver {
  readonly #owner: ConnectionOwner
  readonly #connection: ConnectionEnd
  readonly #isCaller: boolean
  readonly #arrived: Packet[] = []
  #hasEnded = false
  /** Resolves when the next record, or the end, has come. */
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(owner: ConnectionOwner, connection: ConnectionEnd, { isCaller }: { readonly isCaller: boolean }) {
    this.#owner = owner
    this.#connection = connection
    this.#isCaller = isCaller
    connection.listen(this)
  }

  take(packet: Packet): void {
    this.#arrived.push(packet)
    this.#notify()
  }

  ended(): void {
    this.#hasEnded = true
    this.#notify()
  }

  #notify(): void {
    this.#owner.run(() => this.#waiting?.resolve())
  }

  async next(): Promise<Uint8Array | undefined> {
    while (this.#arrived.length === 0) {
      if (this.#hasEnded) throw cut()
      this.#waiting = Promise.withResolvers<void>()
      await this.#waiting.promise
    }
    return this.ready()
  }

  ready(): Uint8Array | undefined {
    const packet = this.#arrived.shift()
    if (packet === undefined || packet.kind === 'record') return packet?.record
    throw new SottoError('ERR_RECORD_MALFORMED', 'something else than a record came')
  }

  /** Send a record. The link is busy with it for a while. */
  async send(record: Uint8Array): Promise<void> {
    if (this.#hasEnded) throw cut()
    const { random, faults } = this.#owner.world
    this.#connection.send({ kind: 'record', record })
    await new Promise<void>((resolve) => this.#owner.after(random.fraction() * faults.sendMs, resolve))
  }

  // At the host neither does anything: there the end of the conversation ends the stream.
  end(): void {
    if (this.#isCaller) this.#connection.end()
  }

  cancel(): void {
    if (this.#isCaller) this.#connection.drop()
  }
}

function cut(): SottoError {
  return new SottoError('ERR_CHANNEL_CUT', 'the connection broke')
}
