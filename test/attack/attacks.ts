/**
 * The attacks: what one connection does until it is cut.
 *
 * @module
 */
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type { ServerLimits } from '#lib/rpc/limits.ts'
import type { CutReason } from '#lib/runtime/metrics/cut-events.ts'
import { FLOODS, sendFlood } from '../support/floods.ts'
import { beginCall, endCall, FrameType, frame, PREFACE, streamOf } from '../support/http2-frames.ts'
import { framed } from '../support/raw-call.ts'
import { DOOR_FLOODS, sendToDoor } from './door-attacks.ts'

export interface Attack {
  readonly name: string
  /** The bound that it crosses, in words; of a slow one, what its time is for. */
  readonly bound: string
  /** How long after its beginning it crosses the bound, in milliseconds; a flood does at once. */
  readonly boundMs: (limits: ServerLimits) => number
  /** As what it may be counted; as nothing where the handshake of TLS itself refuses it. */
  readonly reasons: readonly CutReason[]
  /** Where it begins: on a TCP connection, or once TLS is done, where a listener has that. */
  readonly stage: 'tcp' | 'session'
  /**
   * The listeners that it is for; all unless set. `certified` are those that want a certificate, which an attacker has not.
   * At a door all that begins with TLS is for whoever is behind.
   */
  readonly only?: 'tls' | 'certified' | 'door'
  readonly isFlood: boolean
  /** Attack until the connection is closed. @param path - Of a method without a stream. */
  readonly run: (link: Duplex, path: string) => Promise<void>
}

/** The interval of bytes that drip, in milliseconds: what they belong to would take longer than any bound. */
const DRIP_MS = 500

/** A ClientHello of 517 bytes, as it begins and zeros behind that (RFC 8446, section 4.1.2). */
const CLIENT_HELLO = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(506)])

/** A request of 1,000 bytes, of which the last is missing. */
const REQUEST = framed(Buffer.alloc(1_000)).subarray(0, -1)

const closed = (link: Duplex): Promise<void> =>
  link.destroyed ? Promise.resolve() : new Promise((resolve) => link.once('close', () => resolve()))

async function drip(link: Duplex, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    if (link.destroyed) return
    link.write(Uint8Array.of(byte))
    await Promise.race([setTimeout(DRIP_MS), closed(link)])
  }
  await closed(link)
}

/** Begin a call, and send these bytes of its request, one by one if need be. */
async function request(link: Duplex, path: string, bytes: Uint8Array, isDripped: boolean): Promise<void> {
  link.write(Buffer.concat([PREFACE, beginCall(path)]))
  const frames = [...bytes].map((byte) => frame(FrameType.Data, Uint8Array.of(byte), { stream: streamOf(0) }))
  if (isDripped) {
    for (const each of frames) {
      if (link.destroyed) return
      link.write(each)
      await Promise.race([setTimeout(DRIP_MS), closed(link)])
    }
  } else link.write(frame(FrameType.Data, bytes, { stream: streamOf(0) }))
  await closed(link)
}

/** Call again and again, what nobody is let in for. @param isRead - Whether the answers are. */
async function callOn(link: Duplex, path: string, isRead: boolean): Promise<void> {
  link.write(PREFACE)
  if (!isRead) link.pause()
  for (let index = 0; !link.destroyed; index += 1) {
    link.write(Buffer.concat([beginCall(path, index), endCall(index)]))
    await Promise.race([setTimeout(DRIP_MS), closed(link)])
  }
}

const firstCall = ({ firstCallTimeoutMs }: ServerLimits): number => firstCallTimeoutMs
const firstMessage = ({ firstMessageTimeoutMs }: ServerLimits): number => firstMessageTimeoutMs
const admission = ({ strangers }: ServerLimits): number => strangers?.admissionTimeoutMs ?? 0

const slow = (attack: Omit<Attack, 'isFlood'>): Attack => ({ ...attack, isFlood: false })

const SLOW_ATTACKS: readonly Attack[] = [
  slow({
    name: 'a connection that says nothing',
    bound: 'for TLS, or until the first call',
    boundMs: firstCall,
    reasons: ['handshake', 'silent'],
    stage: 'tcp',
    run: closed,
  }),
  slow({
    name: 'TLS, byte by byte',
    bound: 'for TLS',
    boundMs: firstCall,
    reasons: ['handshake'],
    stage: 'tcp',
    only: 'tls',
    run: (link) => drip(link, CLIENT_HELLO),
  }),
  slow({
    name: 'a ClientHello of which the last byte is missing',
    bound: 'for TLS',
    boundMs: firstCall,
    reasons: ['handshake'],
    stage: 'tcp',
    only: 'door',
    run: (link) => {
      link.write(CLIENT_HELLO.subarray(0, -1))
      return closed(link)
    },
  }),
  slow({
    name: 'TLS, and then nothing',
    bound: 'until the first call',
    boundMs: firstCall,
    reasons: ['silent'],
    stage: 'session',
    only: 'tls',
    run: closed,
  }),
  slow({
    name: 'the preface of HTTP/2, byte by byte',
    bound: 'until the first call',
    boundMs: firstCall,
    reasons: ['silent'],
    stage: 'session',
    run: (link) => drip(link, PREFACE),
  }),
  slow({
    name: 'a call that says nothing',
    bound: 'for a request',
    boundMs: firstMessage,
    reasons: ['request'],
    stage: 'session',
    run: (link, path) => request(link, path, Buffer.alloc(0), false),
  }),
  slow({
    name: 'a request, byte by byte',
    bound: 'for a request',
    boundMs: firstMessage,
    reasons: ['request'],
    stage: 'session',
    run: (link, path) => request(link, path, REQUEST, true),
  }),
  slow({
    name: 'a length that promises more than comes',
    bound: 'for a request',
    boundMs: firstMessage,
    reasons: ['request'],
    stage: 'session',
    run: (link, path) => request(link, path, REQUEST, false),
  }),
  slow({
    name: 'calls for which nobody is let in',
    bound: 'until somebody is let in',
    boundMs: admission,
    reasons: ['stranger'],
    stage: 'session',
    run: (link, path) => callOn(link, path, true),
  }),
  slow({
    name: 'the same, and no answer is read',
    bound: 'until somebody is let in',
    boundMs: admission,
    reasons: ['stranger', 'unread'],
    stage: 'session',
    run: (link, path) => callOn(link, path, false),
  }),
]

const floods: readonly Attack[] = FLOODS.map((flood) => ({
  name: `a flood: ${flood.name}`,
  bound: flood.bound,
  boundMs: () => 0,
  reasons: flood.reasons,
  stage: 'session',
  isFlood: true,
  run: (link, path) => sendFlood(link, flood, path),
}))

const doorFloods: readonly Attack[] = DOOR_FLOODS.map((flood) => ({
  name: `a flood: ${flood.name}`,
  bound: flood.bound,
  boundMs: () => 0,
  reasons: flood.reasons,
  stage: 'tcp',
  only: 'door',
  isFlood: true,
  run: (link) => sendToDoor(link, flood),
}))

export const ATTACKS: readonly Attack[] = [
  ...SLOW_ATTACKS,
  ...floods,
  ...doorFloods,
  ...floods.slice(0, 1).map(
    (flood): Attack => ({
      ...flood,
      name: 'a flood, without the certificate that is asked for',
      bound: 'TLS',
      reasons: [],
      only: 'certified',
    }),
  ),
]
