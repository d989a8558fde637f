/**
 * croc, which sends files over a relay, end-to-end encrypted: the relay, the sender and the receiver on this machine.
 *
 * @module
 */
import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import type { Context } from '../framework/bench.ts'
import { timeCommand } from './command.ts'
import { isInstalled, startDaemon } from './daemon.ts'

/** The number of ports that a relay takes, in a row. */
const PORTS = 5

/** Sends a file into a folder that is new each time. */
export interface Croc {
  /** @returns the milliseconds from the start of the receiver to its end; the sender waits for it by then. */
  send(path: string): Promise<number>
}

/** A relay with its clients; undefined, and named as left out, where croc is not installed. */
export async function startCroc(context: Context, folder: string): Promise<Croc | undefined> {
  if (!isInstalled('croc', context)) return undefined
  const port = await freePort()
  const env = { ...process.env, HOME: await mkdtemp(join(folder, 'croc-')), CROC_RELAY: `127.0.0.1:${port}` }
  const relayArgs = ['relay', '--host', '127.0.0.1', '--port', String(port), '--transfers', String(PORTS)]
  await startDaemon(context, 'croc', relayArgs, port)
  let transfers = 0
  return {
    async send(path) {
      transfers += 1
      const out = join(env.HOME, String(transfers))
      await mkdir(out)
      const secret = `${1_000 + transfers}-one-two-three`
      const common = ['--yes', '--no-compress', '--disable-clipboard', '--ignore-stdin']
      await using sender = new TestProcess('croc', [...common, 'send', '--no-local', path], {
        env: { ...env, CROC_SECRET: secret },
      })
      await sender.untilStderr(/Code is|croc /)
      const ms = await timeCommand('croc', [...common, '--out', out], { env: { ...env, CROC_SECRET: secret } })
      await sender.ended
      return ms
    },
  }
}
