/**
 * sotto.peer.v1.PeerService as the two ends speak it: the generated definition, with records encoded in one copy. The
 * generated code makes three, and a file is nothing but records.
 *
 * @module
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { type ConverseRequest, type ConverseResponse, PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'

/** Field 2 of ConverseRequest and of ConverseResponse, of a length that follows. */
const RECORD_TAG = 18

function encodeRecord(record: Uint8Array): Buffer {
  return Buffer.concat([new BinaryWriter().uint32(RECORD_TAG).uint32(record.length).finish(), record])
}

const { converse } = PeerServiceService

export const PeerService = {
  converse: {
    ...converse,
    requestSerialize: (value: ConverseRequest): Buffer => {
      return value.message?.$case === 'record' ? encodeRecord(value.message.value) : converse.requestSerialize(value)
    },
    responseSerialize: (value: ConverseResponse): Buffer => {
      return value.message?.$case === 'record' ? encodeRecord(value.message.value) : converse.responseSerialize(value)
    },
  },
} as const satisfies typeof PeerServiceService
