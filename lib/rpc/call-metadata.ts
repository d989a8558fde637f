/**
 * The metadata of a call: the request id and the bearer.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Metadata } from '@grpc/grpc-js'
import { Secret } from '../secret.ts'
import { REQUEST_ID } from '../validation.ts'

const REQUEST_ID_HEADER = 'x-request-id'

const BEARER_HEADER = 'authorization'
const BEARER_BYTES = 32
/** 32 bytes in base64url without padding. */
const BEARER_PATTERN = /^Bearer ([A-Za-z0-9_-]{43})$/

/** A new name for a call: 16 hexadecimal digits, enough to find it in a log, from what Node.js has drawn ahead. */
export function newRequestId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}

/** The header by which a call goes on with its caller's trace (https://www.w3.org/TR/trace-context/). */
const TRACE_HEADER = 'traceparent'

export function metadataOf(requestId: string, bearer: Secret | undefined): Metadata {
  const metadata = new Metadata()
  metadata.set(REQUEST_ID_HEADER, requestId)
  if (bearer) metadata.set(BEARER_HEADER, `Bearer ${Buffer.from(bearer.reveal()).toString('base64url')}`)
  return metadata
}

/** The request id that the caller gave; a new one where that is none, because it goes into the log. */
export function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get(REQUEST_ID_HEADER)
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId()
}

/** The bearer; undefined where there is none or it is malformed. */
export function bearerOf(metadata: Metadata): Secret | undefined {
  const [given] = metadata.get(BEARER_HEADER)
  const [, encoded] = (typeof given === 'string' && BEARER_PATTERN.exec(given)) || []
  return encoded === undefined ? undefined : Secret.of(Buffer.from(encoded, 'base64url'), BEARER_BYTES)
}

/** Have a call go on with a trace. */
export function setTraceparent(metadata: Metadata, traceparent: string): void {
  metadata.set(TRACE_HEADER, traceparent)
}

/** What the caller gives as its trace, whatever that is. */
export function traceparentOf(metadata: Metadata): string | undefined {
  const [given] = metadata.get(TRACE_HEADER)
  return typeof given === 'string' ? given : undefined
}
