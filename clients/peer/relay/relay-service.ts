/**
 * sotto.relay.v1.RelayService as a client speaks it: the generated definition, with the messages of a conversation in the
 * place of the bytes that carry them. A record is encoded in one copy and decoded in none, as in peer-service.ts.
 *
 * @module
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import {
  AnswerRequest,
  AnswerResponse,
  CallRequest,
  CallResponse,
  type End,
  RelayServiceService,
} from '#gen/sotto/relay/v1/relay_service.ts'
import { PeerService } from '../peer-service.ts'

/** Field 2 of the messages of both streams, and of the records in them, of a length that follows. */
const TAG = 18

/** The call is answered. */
export const JOINED: unique symbol = Symbol('joined')

/** The caller has ended its direction. */
export const CALLER_END: unique symbol = Symbol('end of the caller')

type Carried = ConverseRequest | ConverseResponse

/** What a caller sends: the id of an attendance, and then what is said in the conversation. */
type CallMessage = Uint8Array | ConverseRequest

/** What the one who answers sends: the id of a call, what is said in the conversation, and how that ends. */
type AnswerMessage = Uint8Array | ConverseResponse | { readonly end: End }

/** A message of a conversation as a relay carries it. */
function wrapped<Message extends Carried>(message: Message, serialize: (message: Message) => Buffer): Buffer {
  if (message.message?.$case !== 'record') {
    const inner = serialize(message)
    return Buffer.concat([new BinaryWriter().uint32(TAG).uint32(inner.length).finish(), inner])
  }
  const record = message.message.value
  const head = new BinaryWriter().uint32(TAG).uint32(record.length).finish()
  const outer = new BinaryWriter().uint32(TAG).uint32(head.length + record.length)
  return Buffer.concat([outer.finish(), head, record])
}

/** The bytes that a relay carries in a message; undefined if it is another. */
function unwrapped(encoded: Buffer): Buffer | undefined {
  if (encoded[0] !== TAG) return undefined
  const reader = new BinaryReader(encoded)
  reader.uint32()
  const length = reader.uint32()
  return reader.pos + length === encoded.length ? encoded.subarray(reader.pos) : undefined
}

/** A client reads no requests; it is there for the types alone. */
function readByRelays(): never {
  throw new TypeError('requests are read by relays')
}

const { converse } = PeerService
const { attend, call, answer } = RelayServiceService

export const RelayService = {
  attend,
  call: {
    ...call,
    requestSerialize: (value: CallMessage): Buffer => {
      if (!(value instanceof Uint8Array)) return wrapped(value, converse.requestSerialize)
      return call.requestSerialize(
        CallRequest.create({ message: { $case: 'attendanceId', value: Buffer.from(value) } }),
      )
    },
    requestDeserialize: (): CallMessage => readByRelays(),
    responseDeserialize: (encoded: Buffer): ConverseResponse | typeof JOINED => {
      const carried = unwrapped(encoded)
      if (carried !== undefined) return converse.responseDeserialize(carried)
      const { message } = CallResponse.decode(encoded)
      return message?.$case === 'joined' ? JOINED : { message: undefined }
    },
  },
  answer: {
    ...answer,
    requestSerialize: (value: AnswerMessage): Buffer => {
      if (value instanceof Uint8Array) {
        return answer.requestSerialize(
          AnswerRequest.create({ message: { $case: 'callId', value: Buffer.from(value) } }),
        )
      }
      if (!('end' in value)) return wrapped(value, converse.responseSerialize)
      return answer.requestSerialize(AnswerRequest.create({ message: { $case: 'end', value: value.end } }))
    },
    requestDeserialize: (): AnswerMessage => readByRelays(),
    responseDeserialize: (encoded: Buffer): ConverseRequest | typeof CALLER_END => {
      const carried = unwrapped(encoded)
      if (carried !== undefined) return converse.requestDeserialize(carried)
      const { message } = AnswerResponse.decode(encoded)
      return message?.$case === 'end' ? CALLER_END : { message: undefined }
    },
  },
} as const
