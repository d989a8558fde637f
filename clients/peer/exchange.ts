/**
 * What is said to one person and heard from them, across the conversations that carry it: a conversation works on any
 * {@link Exchange}, and asks {@link Exchanges} which one is a caller's.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import type { StreamPair } from '#lib/delivery/stream-pair.ts'
import type { FileTraffic } from '../files/traffic.ts'
import type { Conversation } from './conversation.ts'

/** Draws a stream id. */
export const drawStreamId = (): Uint8Array => randomBytes(STREAM_ID_BYTES)

/** What a conversation carries. */
export interface Exchange {
  readonly streams: StreamPair
  /** The bytes of files; undefined where none flow. */
  readonly files?: FileTraffic | undefined
  /** How many events of this side wait for their acknowledgement. */
  readonly unacknowledged: number
  /** A conversation is to carry it from now on; one that did before has ended, or ends now. */
  attach(conversation: Conversation): void
  /** A conversation has ended. */
  detach(conversation: Conversation): void
  /** The streams have moved: called before a record leaves that was taken from them, and after one came. */
  save(): void
  /** The other side's user has seen this side's stream up to this number. */
  onRead(sequence: bigint): void
  /**
   * Make events safe that were just taken from a record, in the same turn. They are stored when this returns.
   *
   * @param show - Told those that are new to the user.
   */
  keep(events: readonly Event[], show: (events: readonly Event[]) => void): void
}

/** Where a host finds what a caller goes on with. */
export interface Exchanges {
  /** The exchange with whoever has proven this identity key. */
  with(name: string, identityKey: Uint8Array): Exchange
}
