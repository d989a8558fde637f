/**
 * A server of another project, started on a free port for as long as a bench lasts.
 *
 * @module
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { TestProcess } from '../../support/processes.ts'
import type { Context } from '../framework/bench.ts'

/** How long a server may take to listen, in milliseconds. */
const START_MS = 10_000

/** Whether a command is installed; one that is not is named as left out. */
export function isInstalled(command: string, { leaveOut }: Pick<Context, 'leaveOut'>): boolean {
  const { PATH = '' } = process.env
  const isThere = PATH.split(delimiter).some((folder) => existsSync(join(folder, command)))
  if (!isThere) leaveOut(`${command} is not installed`)
  return isThere
}

/** Start a server, and wait until its port answers. */
export async function startDaemon(
  { resources }: Pick<Context, 'resources'>,
  command: string,
  args: readonly string[],
  port: number,
): Promise<void> {
  const daemon = resources.use(new TestProcess(command, args, { env: process.env }))
  const untilMs = performance.now() + START_MS
  while (!(await answers(port))) {
    if (performance.now() > untilMs) throw new Error(`${command} does not listen: ${daemon.errors.text}`)
    await setTimeout(20)
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
