/**
 * Starts a NATS server with a publisher and a subscriber.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { Ends } from '../framework/conversation.ts'
import { isInstalled, startDaemon } from './daemon.ts'
import type { NatsRequests } from './nats.ts'

export const NATS = 'NATS'

/** The ends of a subject; undefined, and named as left out, where there is no server. */
export async function startNats(context: Context): Promise<Ends | undefined> {
  if (!isInstalled('nats-server', context)) return undefined
  const [port, folder] = [await freePort(), await context.folder('disk')]
  if (folder === undefined) return undefined
  const configuration = join(folder, 'nats.conf')
  // A subscriber that is slower than the publisher would be dropped otherwise.
  await writeFile(configuration, `host: 127.0.0.1\nport: ${port}\nmax_pending: 1GB\nwrite_deadline: "60s"\n`)
  await startDaemon(context, 'nats-server', ['-c', configuration], port)
  const receiver = context.resources.use(await Actor.start<NatsRequests>('references/nats.ts', String(port)))
  const sender = context.resources.use(await Actor.start<NatsRequests>('references/nats.ts', String(port)))
  await receiver.ask('subscribe')
  return { sender, receiver }
}
