/**
 * A free port for a test, which no other test of the same run gets.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'

/** Below the ports that cli/up/free-port.ts gives, and those that systems give to outgoing connections. */
const FIRST_PORT = 10_000
/** A run has a worker for each of its jobs (.mocharc.json), and a new one where one has broken off. */
const WORKERS = 8
const PORTS_PER_WORKER = 1_000

const share = FIRST_PORT + (Number(process.env['MOCHA_WORKER_ID'] ?? 0) % WORKERS) * PORTS_PER_WORKER
let next = randomInt(PORTS_PER_WORKER)

/**
 * Find a port of 127.0.0.1 that is free now. Two tests that picked at random among all ports would meet in one run of ten
 * or so, as each binds its port only later: a worker goes through ports of its own, one after another.
 */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** The same for several ports in a row. */
export async function freePorts(count: number): Promise<number[]> {
  let row: number[] = []
  for (let attempt = 0; attempt < PORTS_PER_WORKER; attempt += 1) {
    const port = share + next
    next = (next + 1) % PORTS_PER_WORKER
    if (row.at(-1) !== port - 1) row = []
    if (await isFree(port)) row.push(port)
    if (row.length === count) return row
  }
  throw new Error(`no port is free from ${share} to ${share + PORTS_PER_WORKER - 1}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (hasSystemCode(error, 'EADDRINUSE')) return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
