/**
 * sotto.peer.v1.PeerService as the two ends speak it: the generated definition, with records encoded in one copy and
 * decoded in none. The generated code makes three and one, and a file is nothing but records.
 *
 * @module
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import { type ConverseRequest, type ConverseResponse, PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'

/** Field 2 of ConverseRequest and of ConverseResponse, of a length that follows. */
const RECORD_TAG = 18

function encodeRecord(record: Uint8Array): Buffer {
  return Buffer.concat([new BinaryWriter().uint32(RECORD_TAG).uint32(record.length).finish(), record])
}

/** The record, as a window into what came, if that is a record and nothing else; the generated code reads the rest. */
function decodeRecord(
  encoded: Buffer,
): { readonly message: { readonly $case: 'record'; readonly value: Buffer } } | undefined {
  if (encoded[0] !== RECORD_TAG) return undefined
  const reader = new BinaryReader(encoded)
  reader.uint32()
  const length = reader.uint32()
  const isAll = reader.pos + length === encoded.length
  return isAll ? { message: { $case: 'record', value: encoded.subarray(reader.pos) } } : undefined
}

const { converse } = PeerServiceService

export const PeerService = {
  converse: {
    ...converse,
    requestSerialize: (value: ConverseRequest): Buffer => {
      return value.message?.$case === 'record' ? encodeRecord(value.message.value) : converse.requestSerialize(value)
    },
    requestDeserialize: (encoded: Buffer): ConverseRequest => {
      return decodeRecord(encoded) ?? converse.requestDeserialize(encoded)
    },
    responseSerialize: (value: ConverseResponse): Buffer => {
      return value.message?.$case === 'record' ? encodeRecord(value.message.value) : converse.responseSerialize(value)
    },
    responseDeserialize: (encoded: Buffer): ConverseResponse => {
      return decodeRecord(encoded) ?? converse.responseDeserialize(encoded)
    },
  },
} as const satisfies typeof PeerServiceService
