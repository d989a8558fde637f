/**
 * What one auth and one directory have been measured to do, from the tables of docs/performance.md, and what the code lets
 * them do at most.
 *
 * @module
 */
import { RENEW_EVERY_MS } from '#lib/channel/channel-times.ts'
import { SETTLED_PART } from '#lib/rpc/sockets/callers.ts'
import { CONNECTIONS_PER_PROCESS } from '#lib/runtime/database/postgres.ts'
import { REUSE_MS } from '../../services/authentication/authentications.ts'
import { readConfig } from '../../services/directory/config.ts'

export interface Figures {
  /** Sign-ins a second at one auth on two cores. */
  readonly signIns: number
  /** Conversations a second that one auth and one directory begin or renew, on two cores together. */
  readonly conversations: number
  /** The memory of a directory for each who is online, in bytes. */
  readonly memoryBytes: number
  /** The part of a core that one who is online takes of both services together. */
  readonly standing: number
  /** People a second who come online at one directory. */
  readonly arrivals: number
  /** The most people who may be online at one directory. */
  readonly places: number
  /** PostgreSQL's connections of one process. */
  readonly databaseConnections: number
  /** How often an open conversation is renewed, in seconds. */
  readonly renewalSeconds: number
  /** How often auth is asked again about a session that is online, in seconds. */
  readonly reuseSeconds: number
}

/** How many people the bench of presence has online. */
const PRESENCE_PEOPLE = 1_000

/**
 * Read the figures.
 *
 * @param performance - The text of docs/performance.md.
 * @throws Error if a row is not there.
 */
export function figuresOf(performance: string): Figures {
  const medianOf = (row: string): number => {
    const [, text = ''] = new RegExp(`^\\| ${RegExp.escape(row)} \\| ([\\d.,]+)`, 'm').exec(performance) ?? []
    const median = Number(text.replaceAll(',', ''))
    if (text === '' || !Number.isFinite(median)) throw new Error(`docs/performance.md has no figure for: ${row}`)
    return median
  }
  return {
    signIns: medianOf('Login'),
    conversations: medianOf('RequestChat, 64 at once'),
    memoryBytes: medianOf('memory of the directory, each') * 1_000,
    standing: medianOf('both services together, standing') / 100 / PRESENCE_PEOPLE,
    arrivals: PRESENCE_PEOPLE / medianOf('all back after kill -9'),
    places: Math.floor(readConfig({ SOTTO_HOME: '/srv/sotto' }).connections.most * SETTLED_PART),
    databaseConnections: CONNECTIONS_PER_PROCESS,
    renewalSeconds: RENEW_EVERY_MS / 1_000,
    reuseSeconds: REUSE_MS / 1_000,
  }
}
