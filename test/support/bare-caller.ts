/**
 * A caller of a receiver that sends what the test gives it, record by record.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { ConverseRequest, ConverseResponse, PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { CloseReason, Resume } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { EVENT_ID_BYTES, STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import type { Connection } from '#lib/rpc/client.ts'
import type { Duplex } from '#lib/rpc/service.ts'

export class BareCaller {
  readonly #stream: Duplex<ConverseResponse, ConverseRequest>
  readonly #incoming: AsyncIterator<ConverseResponse>
  #channel: Channel | undefined

  static on(connection: Connection<typeof PeerServiceService>): BareCaller {
    return new BareCaller(connection.call.converse())
  }

  private constructor(stream: Duplex<ConverseResponse, ConverseRequest>) {
    this.#stream = stream
    this.#incoming = stream.messages[Symbol.asyncIterator]()
  }

  with(channel: Channel): this {
    this.#channel = channel
    return this
  }

  get channel(): Channel {
    if (this.#channel === undefined) throw new Error('no channel yet')
    return this.#channel
  }

  send(message: ConverseRequest): Promise<void> {
    return this.#stream.send(message)
  }

  sendRecord(record: Uint8Array): Promise<void> {
    return this.send({ message: { $case: 'record', value: Buffer.from(record) } })
  }

  /** Seal a plaintext as a record, and send it. */
  sealAndSend(plaintext: Uint8Array): Promise<void> {
    return this.sendRecord(this.channel.seal(plaintext))
  }

  /** Receive the next message. @throws SottoError when the stream ends, however. */
  async next(): Promise<ConverseResponse> {
    const { value, done } = await this.#incoming.next()
    if (done) throw new Error('the stream has ended in order')
    return value
  }

  /** Receive the next record. Returns its plaintext. */
  async receive(): Promise<Uint8Array> {
    const { message } = await this.next()
    if (message?.$case !== 'record') throw new Error('no record')
    return this.channel.open(message.value)
  }

  /** Receive records until one acknowledges up to a number. The Resume may acknowledge the first record. */
  async acknowledged(sequence = 1n): Promise<void> {
    for (let stored = 0n; stored < sequence; ) {
      const { acknowledged, control } = parseRecordBody(await this.receive())
      stored = control?.$case === 'resume' ? control.value.peerAcknowledged : acknowledged
    }
  }

  /** Receive whatever comes until the stream ends. @throws SottoError if it does not end in order. */
  async untilEnd(): Promise<void> {
    for (;;) if ((await this.#incoming.next()).done) return
  }

  cancel(): void {
    this.#stream.cancel()
  }
}

/** The plaintext of a caller's first record, a Resume, with texts if any are given. */
export function resumeBody(
  texts: readonly string[] = [],
  streamId: Uint8Array = randomBytes(STREAM_ID_BYTES),
): Uint8Array {
  const value = Resume.fromPartial({ streamId: Buffer.from(streamId) })
  const content = texts.length > 0 ? textsBatch(1n, texts) : undefined
  return encodeRecordBody(content, { control: { $case: 'resume', value } })
}

/** The plaintext of a record with texts. */
export function textsBody(firstSequence: bigint, texts: readonly string[]): Uint8Array {
  return encodeRecordBody(textsBatch(firstSequence, texts), {})
}

/** The plaintext of a record that closes the conversation. */
export function closeBody(lastSequence: bigint): Uint8Array {
  return encodeRecordBody(undefined, { control: { $case: 'close', value: { reason: CloseReason.DONE, lastSequence } } })
}

function textsBatch(firstSequence: bigint, texts: readonly string[]) {
  const events = texts.map((text) =>
    encodeTextEvent({ eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(), body: Buffer.from(text) }),
  )
  return { firstSequence, events }
}
