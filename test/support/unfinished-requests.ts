/**
 * Requests that are begun and not ended, as many as a server takes, and what they make it hold.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Secret } from '#lib/secret.ts'
import { framed } from './raw-call.ts'

export interface Target {
  /** HOST:PORT. */
  readonly address: string
  /** The authority of its certificate, as PEM. */
  readonly ca: string
  /** The path of a method. */
  readonly path: string
}

export interface Unfinished {
  /** How many calls. */
  readonly calls: number
  /** How much of the request of each comes, in bytes; all of it but the last is sent. */
  readonly requestBytes: number
}

/** The memory that a process holds, in MiB. Linux tells. */
export async function residentMib(pid: number): Promise<number> {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** Connect. @param localAddress - From which address of this machine. */
export function connectFrom(localAddress: string, { address, ca }: Target): http2.ClientHttp2Session {
  const [host = '', port = ''] = address.split(':')
  const socket = connectTcp({ host, port: Number(port), localAddress })
  const secure = connectTls({
    socket,
    ca,
    servername: 'auth.sotto',
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  })
  secure.on('error', () => {})
  const session = http2.connect(`https://${address}`, { createConnection: () => secure })
  session.on('error', () => {})
  return session
}

const headersOf = (path: string, more: http2.OutgoingHttpHeaders = {}) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...more,
})

/** Begin calls, and leave their requests unfinished. */
export function leaveUnfinished(
  session: http2.ClientHttp2Session,
  { path }: Target,
  { calls, requestBytes }: Unfinished,
): void {
  const frame = framed(Buffer.alloc(requestBytes))
  for (let count = 0; count < calls; count += 1) {
    if (session.destroyed) return
    const stream = session.request(headersOf(path))
    stream.on('error', () => {}).resume()
    stream.write(frame.subarray(0, -1))
  }
}

/** Begin a call, as somebody, of which nothing is sent or read yet. */
export function beginAs(
  session: http2.ClientHttp2Session,
  { path }: Pick<Target, 'path'>,
  bearer: Secret,
): http2.ClientHttp2Stream {
  const authorization = `Bearer ${Buffer.from(bearer.reveal()).toString('base64url')}`
  const stream = session.request(headersOf(path, { authorization }))
  stream.on('error', () => {})
  return stream
}

/** Make a call, as somebody. @returns its `grpc-status`; undefined where it is reset. */
export async function callAs(
  session: http2.ClientHttp2Session,
  { path }: Target,
  bearer: Secret,
  message: Uint8Array,
): Promise<number | undefined> {
  const stream = beginAs(session, { path }, bearer)
  let status: number | undefined
  const note = (received: http2.IncomingHttpHeaders) => {
    if (received['grpc-status'] !== undefined) status = Number(received['grpc-status'])
  }
  stream.on('response', note).on('trailers', note)
  stream.resume().end(framed(message))
  await new Promise<void>((resolve) => stream.once('close', resolve))
  return status
}

/** Resolves once the server has seen all that was sent, or has cut the connection. */
export async function seen(session: http2.ClientHttp2Session): Promise<void> {
  const closed = new Promise((resolve) => session.once('close', resolve))
  if (session.destroyed) return
  if (session.connecting) {
    await Promise.race([new Promise((resolve) => session.once('remoteSettings', resolve)), closed])
  }
  if (session.destroyed) return
  await Promise.race([new Promise<void>((resolve) => session.ping(() => resolve()) || resolve()), closed])
}
