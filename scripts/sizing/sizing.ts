/**
 * How many auths, directories and relays so many people need, and what gives way first where there are fewer.
 *
 * Each limit is one figure that was measured, or that the code has, and a simple day of people. What was measured on two
 * cores is taken for one of each, each with a core; that twice as many do twice as much is taken for
 * granted, as they share nothing but the database, whose share of a call is small.
 *
 * @module
 */
import type { Figures } from './figures.ts'

/** What people do, and how much of what is there may be taken for it. */
export const DAY = {
  /** All come online within so many seconds, in the morning: 15 min. */
  morningSeconds: 900,
  /** All sign in for the first time within so many seconds: the first hour of a term. */
  firstHourSeconds: 3_600,
  /** Conversations that each begins in the morning. */
  begun: 3,
  /** The part of the people who have a conversation open. */
  talking: 0.2,
  /** The part of the conversations that go through the relay, as nobody can call either of the two. */
  relayed: 0.5,
  /** Letters that each posts and collects in the morning. */
  letters: 2,
  /** How much of a core, of a rate or of memory is planned with; the rest is for what nobody thought of. */
  usable: 0.5,
  /** Memory for one directory or one relay, in bytes: 8 GB. */
  memoryBytes: 8e9,
  /** How soon the people of a directory that was lost are to be back at the others, in seconds. */
  backSeconds: 60,
  /** From so many people on, one of each may be lost and the others are enough. */
  spareFrom: 2_000,
} as const

/** PostgreSQL's `max_connections` unless it is set, less what it keeps for its administrator. */
export const DATABASE_CONNECTIONS = 100 - 3

/** Something that gives way. */
export interface Limit {
  readonly of: 'directory' | 'auth' | 'relay'
  readonly what: string
  /** What to do about it. */
  readonly add: string
  /** For how many people one process of the kind is enough. */
  readonly people: number
}

/** The limits of one auth, one directory and one relay, the first to be met first. */
export function limitsOf(figures: Figures): Limit[] {
  const { usable, morningSeconds, firstHourSeconds, begun, talking, memoryBytes, backSeconds } = DAY
  // To look at a session again is taken for as much as to begin a conversation, and is less.
  const callsEach = begun / morningSeconds + talking / figures.renewalSeconds + 1 / figures.reuseSeconds
  const { relayed, letters } = DAY
  const limits: Limit[] = [
    {
      of: 'directory',
      what: 'processor of a directory, for people who are online and do nothing',
      add: 'a directory',
      people: usable / figures.standing,
    },
    {
      of: 'directory',
      what: 'memory of a directory',
      add: 'memory, or a directory',
      people: (usable * memoryBytes) / figures.memoryBytes,
    },
    {
      of: 'directory',
      what: 'places for people who are online',
      add: 'a directory, or SOTTO_DIRECTORY_CONNECTIONS and ulimit -n',
      people: figures.places,
    },
    {
      of: 'directory',
      what: 'a directory restarts, and all are to be back within a minute',
      add: 'a directory',
      people: figures.arrivals * backSeconds,
    },
    {
      of: 'directory',
      what: 'all come online within a quarter of an hour',
      add: 'a directory',
      people: usable * figures.arrivals * morningSeconds,
    },
    {
      of: 'auth',
      what: 'conversations are begun and renewed, and sessions looked at again',
      add: 'an auth and a directory',
      people: (usable * figures.conversations) / callsEach,
    },
    {
      of: 'auth',
      what: 'all sign in within an hour',
      add: 'an auth, or cores for it',
      people: usable * figures.signIns * firstHourSeconds,
    },
    {
      of: 'relay',
      what: 'memory of a relay',
      add: 'memory, or a relay',
      people: (usable * memoryBytes) / relayBytesEach(figures),
    },
    {
      of: 'relay',
      what: 'places at a relay for people who are online, and for those who talk through it',
      add: 'a relay, or SOTTO_RELAY_CONNECTIONS and ulimit -n',
      people: figures.relayPlaces / (1 + talking * relayed),
    },
    {
      of: 'relay',
      what: 'letters are posted and collected in the morning',
      add: 'a relay, on PostgreSQL',
      people: (usable * figures.letters * morningSeconds) / letters,
    },
  ]
  return limits
    .map((limit) => ({ ...limit, people: Math.floor(limit.people) }))
    .sort((one, other) => one.people - other.people)
}

/** The memory of a relay for each person who is online, in bytes: they wait there, and some talk, two to a call. */
function relayBytesEach({ attendanceBytes, callBytes }: Figures): number {
  return attendanceBytes + (DAY.talking * DAY.relayed * callBytes) / 2
}

/** What so many people need. */
export interface Plan {
  readonly people: number
  readonly auths: number
  readonly directories: number
  readonly relays: number
  /** The memory of one relay when all are online, in bytes, at rest aside. */
  readonly relayMemoryBytes: number
  /** The memory of one directory when all are online, in bytes, at rest aside. */
  readonly memoryBytes: number
  /** PostgreSQL's connections of all; undefined where SQLite is enough. */
  readonly databaseConnections: number | undefined
}

export function planFor(people: number, figures: Figures): Plan {
  const spare = people >= DAY.spareFrom ? 1 : 0
  const needed = (kind: Limit['of']) =>
    Math.max(...limitsOf(figures).flatMap((limit) => (limit.of === kind ? Math.ceil(people / limit.people) : []))) +
    spare
  const [auths, directories, relays] = [needed('auth'), needed('directory'), needed('relay')]
  const processes = auths + directories + relays
  return {
    people,
    auths,
    directories,
    relays,
    relayMemoryBytes: (people / relays) * relayBytesEach(figures),
    memoryBytes: (people / directories) * figures.memoryBytes,
    databaseConnections: processes > 3 ? processes * figures.databaseConnections : undefined,
  }
}

/** What becomes of a plan on a bad morning. */
export interface BadMorning {
  /** How soon all are online, where they come as fast as they are let in, in seconds. */
  readonly onlineSeconds: number
  /** How soon all have signed in, where nobody has a session any more, in seconds. */
  readonly signedInSeconds: number
  /** People of a directory that is lost, and how soon they are back at the others, in seconds. */
  readonly lost: number
  readonly backSeconds: number
}

export function badMorning({ people, auths, directories }: Plan, figures: Figures): BadMorning {
  const lost = Math.ceil(people / directories)
  // One alone is started again, and takes its own people back.
  const others = Math.max(1, directories - 1)
  return {
    onlineSeconds: people / (directories * figures.arrivals),
    signedInSeconds: people / (auths * figures.signIns),
    lost,
    backSeconds: lost / (others * figures.arrivals),
  }
}
