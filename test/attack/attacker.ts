/**
 * The attacker as an actor (test/bench/framework/actor.ts), so that its work delays nobody whose delays are measured.
 *
 * @module
 */
import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Requests } from '../bench/framework/actor.ts'
import { serveActor } from '../bench/framework/serve-actor.ts'
import { ATTACKS, type Attack } from './attacks.ts'

/** Where an attack goes. */
export interface Prey {
  readonly host: string
  readonly port: number
  /** Undefined for plain HTTP/2. */
  readonly security: { readonly authorityPem: string; readonly role: string } | undefined
  /** The path of a method without a stream. */
  readonly path: string
}

export interface Strike {
  /** Connections at once. */
  readonly connections: number
  /** How long each that is cut comes again, in milliseconds; 0 for not. */
  readonly lastsMs: number
  /** How long a connection may last before it counts as one that is not cut, in milliseconds. */
  readonly giveUpMs: number
}

export interface AttackerRequests extends Requests {
  /** Attack: how long each connection lasted until it was cut, in milliseconds; infinite where it was not. */
  strike: (attack: string, prey: Prey, strike: Strike) => Promise<number[]>
}

/** How long somebody who was cut waits until they come again, in milliseconds. */
const AGAIN_MS = 250

/** Of this machine, and another than that of everybody else, so that cuts can be told apart. */
const ATTACKERS_ADDRESS = '127.0.0.2'

async function connectTo({ host, port, security }: Prey, stage: Attack['stage']): Promise<Duplex | undefined> {
  const localAddress = host.startsWith('127.') ? { localAddress: ATTACKERS_ADDRESS } : {}
  const socket = connectTcp({ host, port, ...localAddress })
  if (!(await isOpen(socket, 'connect'))) return undefined
  if (security === undefined || stage === 'tcp') return socket
  const secure = connectTls({
    socket,
    ca: security.authorityPem,
    servername: security.role,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  })
  return (await isOpen(secure, 'secureConnect')) ? secure : undefined
}

async function isOpen(socket: Socket, event: string): Promise<boolean> {
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.once(event, () => resolve()).once('close', () => resolve()))
  return !socket.destroyed
}

/** Attack over one connection. @returns for how long, in milliseconds. */
async function attackOnce(attack: Attack, prey: Prey, giveUpMs: number): Promise<number> {
  const beganMs = performance.now()
  const link = await connectTo(prey, attack.stage)
  if (link === undefined) return performance.now() - beganMs
  link.resume()
  const openMs = performance.now()
  const given = new AbortController()
  const isCut = await Promise.race([attack.run(link, prey.path).then(() => true), setTimeout(giveUpMs, false, given)])
  given.abort()
  link.destroy()
  return isCut ? performance.now() - openMs : Number.POSITIVE_INFINITY
}

const requests: AttackerRequests = {
  async strike(name, prey, { connections, lastsMs, giveUpMs }) {
    const attack = ATTACKS.find((each) => each.name === name)
    if (attack === undefined) throw new Error(`no such attack: ${name}`)
    const untilMs = performance.now() + lastsMs
    const lasted: number[] = []
    const one = async () => {
      for (;;) {
        lasted.push(await attackOnce(attack, prey, giveUpMs))
        if (performance.now() + AGAIN_MS >= untilMs) return
        await setTimeout(AGAIN_MS)
      }
    }
    await Promise.all(Array.from({ length: connections }, one))
    return lasted
  },
}

serveActor(requests)
