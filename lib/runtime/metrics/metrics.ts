/**
 * Metrics of a service for Prometheus, over HTTP at a port of its own.
 *
 * What counts them is loaded only where a port is set; without one nothing is counted, and nothing is paid.
 *
 * @module
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SottoError } from '../../errors.ts'
import { formatAddress } from '../address.ts'
import { daysUntil, endOf } from '../certificates/lifetimes.ts'
import type { Clock } from '../clock.ts'
import type { CertificateChain } from '../tls.ts'
import { CALLS, type CallEvent } from './call-events.ts'
import { CUTS, type CutEvent } from './cut-events.ts'
import { LIMITED, type LimitedEvent } from './limited-events.ts'

/** A figure that is read when somebody asks. */
export interface Gauge {
  /** Of lower-case letters and `_`; `sotto_` is put before it. */
  readonly name: string
  readonly help: string
  /** Where it throws, the figure is not a number. */
  readonly read: () => number | Promise<number>
}

export interface MetricsAddress {
  /** An IP literal. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

export interface RunningMetrics extends AsyncDisposable {
  /** HOST:PORT; undefined where nothing is served. */
  readonly address: string | undefined
}

/** The days that a service's certificate is still good for: it is made anew in the second half of its year. */
export function certificateGauge(current: () => CertificateChain, clock: Clock): Gauge {
  const read = () => daysUntil(endOf(current().certificatesPem), clock)
  return { name: 'certificate_days_left', help: 'Days until the certificate of this service ends.', read }
}

/** The days that the authority is still good for: it is replaced by a command. */
export function authorityGauge(current: () => string, clock: Clock): Gauge {
  const read = () => daysUntil(endOf(current()), clock)
  return { name: 'authority_days_left', help: 'Days until the certificate authority ends.', read }
}

/** The most that a request may have in its head, in bytes, and how long it may take, in milliseconds. */
const MAX_HEADER_BYTES = 8_192
const REQUEST_TIMEOUT_MS = 5_000

/** The most connections at once: a Prometheus or two, and somebody who looks. */
const MAX_CONNECTIONS = 16

/** How many networks are counted by name, the first that were cut since the start: an attacker has 2^64 and more. */
const MAX_NETWORKS = 64

/** The upper bounds of the times of calls, in seconds: from what a look-up takes to what a client waits for. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/**
 * Count from now on, and answer `GET /metrics`.
 *
 * @param at - Undefined for nothing at all.
 * @throws SottoError `ERR_CONFIG` if the port cannot be bound.
 */
export async function serveMetrics(at: MetricsAddress | undefined, gauges: readonly Gauge[]): Promise<RunningMetrics> {
  if (at === undefined) return { address: undefined, async [Symbol.asyncDispose]() {} }
  const { host, port } = at
  const { collectDefaultMetrics, Counter, Gauge: NativeGauge, Histogram, Registry } = await import('prom-client')
  const { createServer } = await import('node:http')
  const registers = [new Registry()]
  const [register] = registers as [InstanceType<typeof Registry>]
  collectDefaultMetrics({ register })
  const calls = new Counter({
    name: 'sotto_calls_total',
    help: 'Calls that are over, by method, gRPC status and our reason for a refusal.',
    labelNames: ['method', 'status', 'reason'],
    registers,
  })
  const seconds = new Histogram({
    name: 'sotto_call_seconds',
    help: 'How long calls took, streams to their end.',
    labelNames: ['method'],
    buckets: BUCKETS,
    registers,
  })
  const cuts = new Counter({
    name: 'sotto_cut_total',
    help: 'Connections that were cut, by reason and by the network of the other end.',
    labelNames: ['reason', 'network'],
    registers,
  })
  const limited = new Counter({
    name: 'sotto_limited_total',
    help: 'Calls that were refused as too many, by method and by the limit that they met.',
    labelNames: ['method', 'limit'],
    registers,
  })
  const countLimited = (message: unknown) => limited.inc({ ...(message as LimitedEvent) })
  const networks = new Set<string>()
  const countCut = (message: unknown) => {
    const { reason, network } = message as CutEvent
    if (networks.size < MAX_NETWORKS) networks.add(network)
    cuts.inc({ reason, network: networks.has(network) ? network : 'others' })
  }
  for (const { name, help, read } of gauges) {
    new NativeGauge({
      name: `sotto_${name}`,
      help,
      registers,
      async collect() {
        // No other figure is to lack for one that cannot be had.
        this.set(await Promise.try(read).catch(() => Number.NaN))
      },
    })
  }
  const count = (message: unknown) => {
    const { method, status, reason, seconds: taken } = message as CallEvent
    calls.inc({ method, status, reason })
    seconds.observe({ method }, taken)
  }

  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('see /metrics\n')
        return
      }
      register.metrics().then(
        (text) => response.writeHead(200, { 'content-type': register.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  const bound = await listen(server, host, port)
  CALLS.subscribe(count)
  CUTS.subscribe(countCut)
  LIMITED.subscribe(countLimited)
  return {
    address: formatAddress({ host, port: bound }),
    async [Symbol.asyncDispose]() {
      CALLS.unsubscribe(count)
      CUTS.unsubscribe(countCut)
      LIMITED.unsubscribe(countLimited)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  // Of a connection that could not be taken later, nobody need hear.
  server.on('error', reject)
  server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port))
  try {
    return await promise
  } catch (cause) {
    throw new SottoError('ERR_CONFIG', `cannot listen at ${formatAddress({ host, port })} for metrics`, {
      cause,
      hint: 'is another program there? set another port',
    })
  }
}
