/**
 * sotto.relay.v1.RelayService as the relay speaks it: the generated definition, with what is carried left as it is encoded.
 *
 * A message that passes from one stream to the other has the same field in both, 2, so the relay neither reads nor writes
 * it anew: what came in goes out.
 *
 * @module
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import {
  type AnswerRequest,
  type AnswerResponse,
  type CallRequest,
  type CallResponse,
  RelayServiceService,
} from '#gen/sotto/relay/v1/relay_service.ts'

/** Field 2 of the messages of both streams, of a length that follows. */
const CARRIED_TAG = 18

/** A message from one end for the other, which the relay does not read. */
export class Carried {
  /** How many bytes it has. */
  readonly length: number
  #encoded: Buffer | undefined

  /** @param encoded - As it is on the wire, its tag and its length included. */
  constructor(encoded: Buffer) {
    this.#encoded = encoded
    this.length = encoded.length
  }

  /** Take the bytes, once: the library copies them as it sends them, and they are not to be there twice until they are gone. */
  take(): Buffer {
    const encoded = this.#encoded
    if (encoded === undefined) throw new TypeError('a message is sent once')
    this.#encoded = undefined
    return encoded
  }
}

/** The message, if it is one to be carried and nothing else; the generated code reads the rest. */
function carriedOf(encoded: Buffer): Carried | undefined {
  if (encoded[0] !== CARRIED_TAG) return undefined
  const reader = new BinaryReader(encoded)
  reader.uint32()
  const length = reader.uint32()
  return reader.pos + length === encoded.length ? new Carried(encoded) : undefined
}

const { attend, call, answer } = RelayServiceService

export const RelayService = {
  attend,
  call: {
    ...call,
    requestDeserialize: (encoded: Buffer): CallRequest | Carried => {
      return carriedOf(encoded) ?? call.requestDeserialize(encoded)
    },
    responseSerialize: (value: CallResponse | Carried): Buffer => {
      return value instanceof Carried ? value.take() : call.responseSerialize(value)
    },
  },
  answer: {
    ...answer,
    requestDeserialize: (encoded: Buffer): AnswerRequest | Carried => {
      return carriedOf(encoded) ?? answer.requestDeserialize(encoded)
    },
    responseSerialize: (value: AnswerResponse | Carried): Buffer => {
      return value instanceof Carried ? value.take() : answer.responseSerialize(value)
    },
  },
} as const
