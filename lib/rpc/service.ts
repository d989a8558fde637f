/**
 * The shapes of a call, derived from a generated service definition: what a handler looks like on one end and what a
 * caller holds on the other. No type of the gRPC library shows here or in anything that is made of these.
 *
 * A service is a definition from gen/ (`AuthServiceService` and its like), a table of methods. A unary method is an
 * async function on both ends, a server stream an async iterable, a bidirectional stream a {@link Duplex}. No contract
 * of ours streams requests alone.
 *
 * @module
 */
import type { Secret } from '#lib/secret.ts'
import type { Logger } from '../runtime/log.ts'
import type { CallerStanding } from './sockets/call-at-door.ts'

/** One method of a generated service definition. */
// biome-ignore lint/suspicious/noExplicitAny: a table of methods whose messages differ has no narrower type.
export interface Method<Request = any, Response = any> {
  /** The path as on the wire: `/sotto.auth.v1.AuthService/Login`. */
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestSerialize: (value: Request) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => Request
  readonly responseSerialize: (value: Response) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => Response
}

/** A generated service definition. */
export type Service = Readonly<Record<string, Method>>

type RequestOf<M extends Method> = M extends Method<infer Request> ? Request : never
type ResponseOf<M extends Method> = M extends Method<infer _, infer Response> ? Response : never

/** Selects one of three types by what a method streams. */
type ByKind<M extends Method, Unary, ServerStream, Bidirectional> = M extends { responseStream: false }
  ? Unary
  : M extends { requestStream: false }
    ? ServerStream
    : Bidirectional

/** The facts about a call that a handler gets beside its request. */
export interface CallContext {
  /** Names the call in the logs of every service that it passes through: 1 to 64 of `[A-Za-z0-9._-]`. */
  readonly requestId: string
  /** The bearer of the `authorization` metadata, 32 bytes; undefined where there is none or it is malformed. */
  readonly bearer: Secret | undefined
  /** The caller's address as this end sees it: an IP literal without a zone, or empty where there is none. */
  readonly remoteAddress: string
  /** The role in the caller's verified certificate, such as `directory.sotto`; undefined without mutual TLS. */
  readonly peerCertificateName: string | undefined
  /** The standing of the caller, which a handler raises as it learns who they are. */
  readonly caller: CallerStanding
  /** A child of the server's log that carries the request id and the method. */
  readonly log: Logger
  /** Names whom the call is about, in the one line that the log has of it, however it ends. */
  readonly noteAccount: (account: string) => void
  /**
   * Counts the call as one of an account, whose it has turned out to be; or as several, where it asks for as much as they
   * would.
   *
   * @throws SottoError `ERR_BUSY`, with when to come back, if that makes too many.
   */
  readonly countFor: (account: string, calls?: number) => void
  /** The signal that nobody waits for the answer any more: the caller went away or gave up, or the server stops. */
  readonly signal: AbortSignal
}

/** The options of a call beside its request. */
export interface CallOptions {
  /** Sent in the `authorization` metadata. */
  readonly bearer?: Secret
  /** Passed on from a call that this one serves; a new one is drawn otherwise. */
  readonly requestId?: string
  /** How long a unary call may take; {@link DEFAULT_DEADLINE_MS} otherwise. Streams have no deadline unless it is set. */
  readonly deadlineMs?: number
  /** Gives the call up when aborted. The call then rejects with the signal's reason if that is a SottoError. */
  readonly signal?: AbortSignal
}

/** How long a unary call may take unless it says otherwise, in milliseconds: a login behind a full queue fits in. */
export const DEFAULT_DEADLINE_MS = 10_000

/** One end of an open bidirectional stream. */
export interface Duplex<Incoming, Outgoing> {
  /**
   * The messages of the other end, in order; at most 16 are read ahead. They end when the other end has ended its
   * direction in order. Iterate them once, if need be after `next()` for the first message; leaving the loop early
   * cancels the stream.
   *
   * @throws SottoError as the other end gave it; `ERR_CHANNEL_CUT` if the stream broke after something had come through
   *   it; `ERR_UNAVAILABLE` if it broke before; `ERR_INVALID_ARGUMENT` for bytes that are no message.
   */
  readonly messages: AsyncIterableIterator<Incoming>
  /**
   * The next message if it is here already, so that what came together is handled together; undefined otherwise, and
   * where the stream is over. Not while `next()` of {@link messages} is pending.
   *
   * @throws SottoError `ERR_INVALID_ARGUMENT` for bytes that are no message.
   */
  ready(): Incoming | undefined
  /**
   * Send one message. Await it before the next: while it is pending the link is busy, and what queues up meanwhile can
   * be packed into one message.
   *
   * @returns when the transport has taken the message, which waits for the other end's flow-control window.
   * @throws SottoError the reason why the stream is over, as `messages` gives it.
   */
  send(message: Outgoing): Promise<void>
  /** Say that nothing more will be sent. On the serving end the handler's return does it, with status OK. */
  end(): void
  /** Drop the stream at once, in both directions. */
  cancel(): void
}

/** The function that serves one method. An error that it throws becomes the call's status (status.ts). */
export type Handler<M extends Method> = ByKind<
  M,
  (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>,
  (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>,
  (stream: Duplex<RequestOf<M>, ResponseOf<M>>, context: CallContext) => Promise<void>
>

/** The functions that serve all methods of a service. */
export type Handlers<S extends Service> = { readonly [Name in keyof S]: Handler<S[Name]> }

/** The function that calls one method. */
export type Call<M extends Method> = ByKind<
  M,
  (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>,
  (request: RequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>,
  (options?: CallOptions) => Duplex<ResponseOf<M>, RequestOf<M>>
>

/** The functions that call all methods of a service. */
export type Calls<S extends Service> = { readonly [Name in keyof S]: Call<S[Name]> }
