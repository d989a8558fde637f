/**
 * What one auth, one directory and one relay have been measured to do, from the tables of docs/performance.md, and what the code lets
 * them do at most.
 *
 * @module
 */
import { RENEW_EVERY_MS } from '#lib/channel/channel-times.ts'
import { SETTLED_PART } from '#lib/rpc/sockets/callers.ts'
import { CONNECTIONS_PER_PROCESS } from '#lib/runtime/database/postgres.ts'
import { REUSE_MS } from '../../services/authentication/authentications.ts'
import { readConfig } from '../../services/directory/config.ts'
import { readConfig as readRelayConfig } from '../../services/relay/config.ts'

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
  /** The memory of a relay for each who waits there to be called, in bytes: an open stream over a connection of its own. */
  readonly attendanceBytes: number
  /** The memory of a relay for each conversation that it carries, with the connections of both ends, in bytes. */
  readonly callBytes: number
  /** The most connections of people who wait or talk at one relay. */
  readonly relayPlaces: number
  /** Letters a second that are posted and collected at one relay. */
  readonly letters: number
  /** PostgreSQL's connections of one process. */
  readonly databaseConnections: number
  /** How often an open conversation is renewed, in seconds. */
  readonly renewalSeconds: number
  /** How often auth is asked again about a session that is online, in seconds. */
  readonly reuseSeconds: number
}

/** How many people the bench of presence has online. */
const PRESENCE_PEOPLE = 1_000

/** How many calls the bench of the relay joins; beside them it holds a stream for each of their ends. */
const JOINED_CALLS = 1_000

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
    attendanceBytes: (medianOf('TLS streams of grpc-js, as many') * 1e6) / (2 * JOINED_CALLS),
    callBytes: (medianOf('1,000 joined calls, at the relay') * 1e6) / JOINED_CALLS,
    relayPlaces: Math.floor(readRelayConfig({ SOTTO_HOME: '/srv/sotto' }).connections.most * SETTLED_PART),
    letters: medianOf('posted and collected'),
    databaseConnections: CONNECTIONS_PER_PROCESS,
    renewalSeconds: RENEW_EVERY_MS / 1_000,
    reuseSeconds: REUSE_MS / 1_000,
  }
}
