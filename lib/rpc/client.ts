/**
 * A channel to one server, and its methods as plain async functions.
 *
 * Every failure is a SottoError: the other end's answer (status.ts), `ERR_UNAVAILABLE` if nobody answers,
 * `ERR_SERVER_UNTRUSTED` if TLS fails, or the reason of the caller's own signal. A connection
 * that breaks before anything has come over it is made once more (second-attempt.ts).
 *
 * @module
 */
import { createSecureContext } from 'node:tls'
import { type ChannelCredentials, type ChannelOptions, Client, connectivityState, credentials } from '@grpc/grpc-js'
import { SottoError } from '../errors.ts'
import type { CertificateChain, Role } from '../runtime/tls.ts'
import { MAX_CARRIED_BYTES } from './call-limits/limits-of-calls.ts'
import { type CallSite, callDuplex, callServerStream, callUnary, reasonOf } from './calls.ts'
import { CONVERSATION_WINDOW_BYTES, INTERNAL_LIMITS, PEER_LIMITS } from './limits.ts'
import { Attempt } from './second-attempt.ts'
import type { Calls, Method, Service } from './service.ts'
import { NativeChannel } from './sockets/native-channel.ts'

export interface Target {
  /** `HOST:PORT`, `[IPV6]:PORT`. */
  readonly address: string
  /** Whether conversations run over it: then messages may be as large as theirs, and as much may be under way. */
  readonly isForConversations?: boolean
  /** TLS 1.3 under this authority, or any of several, to the holder of this role; `undefined` is plain HTTP/2, for peers. */
  readonly security:
    | {
        readonly authorityPem: string
        readonly role: Role
        /** Mutual TLS: our own certificate. */
        readonly certificate?: CertificateChain
      }
    | undefined
}

/** A channel to one server and what can be called on it. It connects at the first call and again when it broke. */
export interface Connection<S extends Service> {
  readonly call: Calls<S>
  /**
   * Connect now: once, and once more if the connection breaks.
   *
   * @param options.timeoutMs - {@link CONNECT_TIMEOUT_MS} unless set.
   * @returns when the other end speaks HTTP/2, and TLS where that is asked for.
   * @throws SottoError `ERR_UNAVAILABLE` if that fails or when the time is over, with a time to come back where somebody
   *   takes connections and closes them; the signal's reason.
   */
  ready(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>
  /** Connect with another certificate, or by other authorities, from now on. Calls that are open go on as they are. */
  setSecurity(security: Target['security']): void
  /** Drop the connection. Calls that are still open are cancelled. */
  close(): void
}

/** How long a connection may take, in milliseconds, and the other end's first byte on each attempt. */
export const CONNECT_TIMEOUT_MS = 10_000

/** The largest answer of a service, in bytes: what Auth seals in one call are 35 KiB. */
const MAX_ANSWER_BYTES = 64 * 1024

const COMMON_OPTIONS: ChannelOptions = {
  // The retry buffer would keep every message of a long stream (https://github.com/grpc/grpc-node/issues/2371).
  'grpc.enable_retries': 0,
  // Conversations run from machine to machine: a proxy that http_proxy or https_proxy names can have no part in them,
  // and who reaches no peer without one has no use for the services either.
  'grpc.enable_http_proxy': 0,
  // No TXT records: nobody but the user says how a server is reached.
  'grpc.service_config_disable_resolution': 1,
  // A closed connection is closed, whoever else is connected to the same server.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
}

/** Make a channel. Nothing is sent before the first call. */
export function connect<S extends Service>(service: S, target: Target): Connection<S> {
  const { isForConversations = false } = target
  let { security } = target
  // Without the scheme a host named `unix` or `ipv4` would be taken for one.
  const newChannel = () =>
    new NativeChannel(
      new Client(`dns:///${target.address}`, credentialsOf(security), optionsOf(security, isForConversations)),
      CONNECT_TIMEOUT_MS,
    )
  const closed = new AbortController()
  let channel = newChannel()
  const site: CallSite = {
    get channel() {
      return channel
    },
    renew(broken) {
      if (channel !== broken) return
      channel = newChannel()
      broken.close()
    },
    closed: closed.signal,
    link: { address: target.address, isTrusted: target.security !== undefined },
  }
  const call = Object.fromEntries(Object.entries(service).map(([name, method]) => [name, callOf(site, method)]))
  return {
    call: call as Calls<S>,
    ready: ({ timeoutMs = CONNECT_TIMEOUT_MS, signal } = {}) => whenReady(site, timeoutMs, signal),
    setSecurity(next) {
      security = next
      site.renew(channel)
    },
    close() {
      if (closed.signal.aborted) return
      closed.abort(new SottoError('ERR_CHANNEL_CLOSED', 'this end has closed the connection'))
      channel.close()
    },
  }
}

function callOf(site: CallSite, method: Method) {
  if (method.requestStream) return callDuplex(site, method)
  return method.responseStream ? callServerStream(site, method) : callUnary(site, method)
}

function credentialsOf(security: Target['security']): ChannelCredentials {
  if (security === undefined) return credentials.createInsecure()
  const { authorityPem, certificate } = security
  return credentials.createFromSecureContext(
    createSecureContext({
      ca: authorityPem,
      minVersion: 'TLSv1.3',
      ...(certificate && { cert: certificate.certificatesPem, key: certificate.keyPem }),
    }),
  )
}

function optionsOf(security: Target['security'], isForConversations: boolean): ChannelOptions {
  if (security === undefined) {
    return {
      ...COMMON_OPTIONS,
      'grpc.max_receive_message_length': PEER_LIMITS.maxReceiveBytes,
      'grpc-node.max_session_memory': PEER_LIMITS.maxSessionMegabytes,
      'grpc-node.flow_control_window': CONVERSATION_WINDOW_BYTES,
    }
  }
  return {
    ...COMMON_OPTIONS,
    // A name may lead to several servers of one kind. Each client takes one of them, and another when that one is gone;
    // a connection to each, as round_robin has, would make every server hold every client.
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ pick_first: { shuffleAddressList: true } }] }),
    'grpc.max_receive_message_length': isForConversations ? MAX_CARRIED_BYTES : MAX_ANSWER_BYTES,
    ...(isForConversations && { 'grpc-node.flow_control_window': CONVERSATION_WINDOW_BYTES }),
    'grpc-node.max_session_memory': INTERNAL_LIMITS.maxSessionMegabytes,
    // TLS to an address fails without a name to ask for, and it is the role that matters.
    'grpc.ssl_target_name_override': security.role,
  }
}

async function whenReady(site: CallSite, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const given = AbortSignal.any([timeout, site.closed, ...(signal ? [signal] : [])])
  const failure = () =>
    new SottoError('ERR_UNAVAILABLE', `nobody answers at ${site.link.address}`, {
      hint: 'check the address, and that the server runs',
    })
  const { promise: isOver, reject } = Promise.withResolvers<never>()
  isOver.catch(() => {})
  const giveUp = () => reject(timeout.aborted ? failure() : reasonOf(given))
  if (given.aborted) giveUp()
  else given.addEventListener('abort', giveUp, { once: true })
  const first = new Attempt(site)
  if (await Promise.race([connects(site, first), isOver])) return
  const second = await Promise.race([first.another(), isOver])
  if (second === undefined) throw failure()
  if (await Promise.race([connects(site, second), isOver])) return
  throw (await second.hasBroken()) ? noRoom(site) : failure()
}

/** When to come back where a connection was closed twice before anything came over it, in milliseconds. */
const NO_ROOM_RETRY_MS = 1_000

function noRoom({ link }: CallSite): SottoError {
  return new SottoError('ERR_UNAVAILABLE', `connections to ${link.address} are closed at once`, {
    hint: 'there may be no room for more at the moment',
    retryAfterMs: NO_ROOM_RETRY_MS,
  })
}

/** Whether an attempt to connect succeeds. */
async function connects(site: CallSite, { channel }: Attempt): Promise<boolean> {
  // A channel that was replaced or closed tells no more.
  while (site.channel === channel && !site.closed.aborted) {
    const state = channel.own((client) => client.getChannel().getConnectivityState(true))
    if (state === connectivityState.READY) return true
    if (state === connectivityState.TRANSIENT_FAILURE) return false
    const { promise: changed, resolve } = Promise.withResolvers<void>()
    channel.client.getChannel().watchConnectivityState(state, Infinity, () => resolve())
    await changed
  }
  return false
}
