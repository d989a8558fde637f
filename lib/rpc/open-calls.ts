/**
 * The calls that are open on one server: each gets a request id, a signal and one line in the log, and all streams can
 * be ended together.
 *
 * It is an interceptor, so it also sees what the gRPC library answers by itself before a handler runs. A handler finds
 * its call again by the metadata object, the one thing that both of them are given.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'
import { Code, codeToJSON } from '#gen/google/rpc/code.ts'
import { isSottoError, SottoError } from '../errors.ts'
import type { Logger } from '../runtime/log.ts'
import { Secret } from '../secret.ts'
import type { CallContext } from './service.ts'
import { isFault, type OutgoingStatus, statusOf } from './status.ts'

/** The metadata that carries the request id. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** The metadata that carries a bearer: `Bearer ` and 32 bytes in base64url. */
export const BEARER_HEADER = 'authorization'

/** Bytes of a bearer. */
const BEARER_BYTES = 32
const BEARER_PATTERN = /^Bearer ([A-Za-z0-9_-]{43})$/

const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/

/** Calls that come by themselves, all day long: logged at `debug` when all is well. */
const ROUTINE_CALLS = /^\/grpc\.(health|reflection|channelz)\./

/** A new name for a call: 16 hexadecimal digits, enough to find it in a log. */
export function newRequestId(): string {
  return randomBytes(8).toString('hex')
}

/** One call under way. */
export interface OpenCall {
  readonly context: CallContext
  /** Note what a handler threw, for the log line, and give the status for it. */
  fail(thrown: unknown): OutgoingStatus
  /** End the call now with the status for this error, whatever its handler does. */
  end(error: SottoError): void
}

export interface OpenCallsOptions {
  readonly log: Logger
  /** The role that a caller's certificate must have; undefined lets everybody in. */
  readonly onlyRole: string | undefined
  /** How long a call may take until its (first) request message is there whole. */
  readonly firstMessageTimeoutMs: number
}

export class OpenCalls {
  readonly #options: OpenCallsOptions
  readonly #byMetadata = new WeakMap<Metadata, OpenCall>()
  readonly #streams = new Set<OpenCall>()

  constructor(options: OpenCallsOptions) {
    this.#options = options
  }

  /** The call that this metadata came with. */
  of(metadata: Metadata): OpenCall {
    const call = this.#byMetadata.get(metadata)
    if (call === undefined) throw new TypeError('a call that the interceptor has not seen')
    return call
  }

  /** End every open stream with the status for this error. Unary calls go on: they end by themselves. */
  endStreams(error: SottoError): void {
    for (const call of this.#streams) call.end(error)
  }

  /** To be installed on the server. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const startedMs = performance.now()
    const abort = new AbortController()
    const remoteAddress = plainAddress(call.getConnectionInfo().remoteAddress)
    const role = this.#options.onlyRole === undefined ? undefined : commonName(call.getAuthContext())
    let failure: unknown
    let open: OpenCall | undefined
    let log = this.#options.log
    let timer: NodeJS.Timeout | undefined
    let isOver = false

    const finish = (status: Code) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      if (open) this.#streams.delete(open)
      logCall(log, {
        rpc: method.path,
        peer: remoteAddress,
        status,
        durationMs: performance.now() - startedMs,
        failure,
      })
    }
    const endWith = (status: OutgoingStatus) => {
      if (isOver) return
      finish(status.code)
      call.sendStatus(status)
    }
    const isWholeAtFirstMessage = method.requestStream

    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            const requestId = requestIdOf(metadata)
            log = log.child({ requestId })
            open = {
              context: {
                requestId,
                bearer: bearerOf(metadata),
                remoteAddress,
                peerCertificateName: role,
                log,
                signal: abort.signal,
              },
              fail: (thrown) => {
                if (!isOver) failure = thrown
                else if (thrown !== abort.signal.reason)
                  log.debug({ rpc: method.path.slice(1), err: thrown }, 'failed after its call was over')
                return statusOf(thrown)
              },
              end: (error) => {
                failure = error
                endWith(statusOf(error))
                abort.abort(error)
              },
            }
            if (role !== this.#options.onlyRole) {
              open.end(
                new SottoError('ERR_CALLER_UNTRUSTED', 'the certificate of the caller may not call this service'),
              )
              return
            }
            this.#byMetadata.set(metadata, open)
            if (method.responseStream) this.#streams.add(open)
            timer = setTimeout(() => {
              open?.end(new SottoError('ERR_PEER_SILENT', 'the request did not come in time'))
            }, this.#options.firstMessageTimeoutMs)
            pass(metadata)
          },
          onReceiveMessage: (message, pass) => {
            if (isWholeAtFirstMessage) clearTimeout(timer)
            pass(message)
          },
          onReceiveHalfClose: (pass) => {
            clearTimeout(timer)
            pass()
          },
          onCancel: () => {
            // A call that was answered comes here too; one that was not is one whose caller went away or gave up.
            finish(Code.CANCELLED)
            abort.abort(new SottoError('ERR_CHANNEL_CUT', 'the caller has gone away'))
          },
        })
      },
      sendMessage: (message, pass) => {
        if (!isOver) pass(message)
      },
      sendStatus: (status, pass) => {
        if (isOver) return
        finish(status.code as Code)
        pass(status)
      },
    })
  }
}

interface CallLine {
  readonly rpc: string
  readonly peer: string
  readonly status: Code
  readonly durationMs: number
  readonly failure: unknown
}

/** One line a call. A fault of ours is logged here, once, with its cause; a refusal is no fault. */
function logCall(log: Logger, { rpc, peer, status, durationMs, failure }: CallLine): void {
  const fields = {
    rpc: rpc.slice(1),
    peer,
    status: codeToJSON(status),
    durationMs: Math.round(durationMs * 100) / 100,
    ...(isSottoError(failure) && { code: failure.code }),
  }
  if (failure !== undefined && isFault(failure)) log.error({ ...fields, err: failure }, 'call failed')
  else if (failure !== undefined) log.info({ ...fields, reason: (failure as SottoError).message }, 'call refused')
  else if (status === Code.OK && ROUTINE_CALLS.test(rpc)) log.debug(fields, 'call')
  else log.info(fields, 'call')
}

function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get(REQUEST_ID_HEADER)
  return typeof given === 'string' && REQUEST_ID_PATTERN.test(given) ? given : newRequestId()
}

function bearerOf(metadata: Metadata): Secret | undefined {
  const [given] = metadata.get(BEARER_HEADER)
  const [, encoded] = (typeof given === 'string' && BEARER_PATTERN.exec(given)) || []
  return encoded === undefined ? undefined : Secret.of(Buffer.from(encoded, 'base64url'), BEARER_BYTES)
}

/** An IPv4 caller of a server on `::` shows as `::ffff:192.0.2.1`; a zone means nothing to anybody else. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

function commonName(auth: { sslPeerCertificate?: { subject: { CN?: string | string[] } } }): string | undefined {
  const name = auth.sslPeerCertificate?.subject.CN
  return typeof name === 'string' ? name : undefined
}
