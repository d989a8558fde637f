/**
 * Who could read what: which keys open each seal, and which of them each adversary has. All that the diagram says of
 * adversaries is computed from these two tables.
 *
 * The words of each are those of docs/threat-model.md; a test compares them.
 *
 * @module
 */
import type { Message, Seal, SealKind } from './trace-file.ts'

/** The keys that somebody may get hold of. */
export type Key =
  | 'the TLS keys of auth'
  | 'the TLS keys of the directory'
  | 'the TLS keys of the relay'
  | 'ticket keys'
  | 'grant keys'
  | 'the receiver’s identity key'
  | 'the receiver’s prekey'
  | 'an ephemeral X25519 key'
  | 'the chat secret s'
  | 'the ephemeral ML-KEM key'

/** The keys that open a seal: all of them are needed. */
const OPENED_WITH: Readonly<Record<Exclude<SealKind, 'tls'>, readonly Key[]>> = {
  ticket: ['ticket keys'],
  grant: ['grant keys'],
  identity: ['the receiver’s identity key'],
  // An identity key is needed besides; but even with both of them, these three.
  channel: ['an ephemeral X25519 key', 'the chat secret s', 'the ephemeral ML-KEM key'],
  letter: ['the receiver’s identity key', 'the receiver’s prekey', 'the chat secret s'],
}

/** The keys that open a seal: all of them are needed. */
export function keysOf({ kind, by, for: reader }: Seal): readonly Key[] {
  if (kind !== 'tls') return OPENED_WITH[kind]
  const isOf = (service: string) => by === service || reader === service
  if (isOf('mailbox')) return ['the TLS keys of the relay']
  return [isOf('auth') ? 'the TLS keys of auth' : 'the TLS keys of the directory']
}

export interface Adversary {
  readonly id: string
  readonly name: string
  readonly has: readonly Key[]
  /** The services that do as it says. */
  readonly services: readonly string[]
  /** Whether only the conversation itself passes by, and not the calls to the services. */
  readonly seesOnlyPeers?: boolean
  /** What it cannot, in the words of docs/threat-model.md, and the heading that they stand under. */
  readonly cannot: string
  readonly section: string
}

const AUTH_HAS: readonly Key[] = ['the TLS keys of auth', 'ticket keys', 'grant keys', 'the chat secret s']
const DIRECTORY_HAS: readonly Key[] = ['the TLS keys of the directory']

/** Every one of them has recorded all that passed, too. */
export const ADVERSARIES: readonly Adversary[] = [
  {
    id: 'network',
    name: 'somebody on the network',
    has: [],
    services: [],
    cannot: "read a word, or a name: not even the sender's identity key, which travels encrypted",
    section: 'Somebody on the network',
  },
  {
    id: 'directory',
    name: 'the directory, gone bad',
    has: DIRECTORY_HAS,
    services: ['directory'],
    cannot: 'read a message, open a ticket, or sign in',
    section: 'The directory, gone bad',
  },
  {
    id: 'auth',
    name: 'auth, gone bad',
    has: AUTH_HAS,
    services: ['auth'],
    cannot:
      "read a conversation: the channel's keys also come from both identity keys and fresh ones, and s alone opens nothing",
    section: 'Auth, gone bad',
  },
  {
    id: 'both',
    name: 'auth and the directory together',
    has: [...AUTH_HAS, ...DIRECTORY_HAS],
    services: ['auth', 'directory'],
    cannot: 'gain more by that than the directory could',
    section: 'Auth, gone bad',
  },
  {
    id: 'relay',
    name: 'whoever carries the conversation, as a relay would',
    has: [],
    services: ['relay'],
    seesOnlyPeers: true,
    cannot: "read a word, or a name: not even the sender's identity key, which travels encrypted",
    section: 'Somebody on the network',
  },
  {
    id: 'mailbox',
    name: 'the mailbox, gone bad',
    has: ['the TLS keys of the relay'],
    services: ['mailbox'],
    cannot: 'have a message lost, doubled, out of order or read',
    section: 'The mailbox, gone bad',
  },
  {
    id: 'thief',
    name: 'a thief of the receiver’s identity key',
    has: ['the receiver’s identity key'],
    services: [],
    cannot: 'read old or new conversations',
    section: 'Somebody who steals',
  },
  {
    id: 'quantum',
    name: 'tomorrow’s quantum computer',
    has: ['the receiver’s identity key', 'an ephemeral X25519 key'],
    services: [],
    cannot: 'read the conversation: ML-KEM-768 and the brokered secret both still protect it',
    section: 'Somebody on the network',
  },
]

/** Somebody who may read: an adversary, or one of the parties themselves. */
export interface Reader {
  /** Whether the message passes by, or has been recorded. */
  sees(message: Message): boolean
  opens(seal: Seal): boolean
  /** Whether it made the seal itself, and so knows what is inside without having seen it pass. */
  made(seal: Seal): boolean
  /** Whether it is told, besides, what an end has noted of a message. */
  readonly isTold: boolean
}

export function adversaryAsReader({ has, services, seesOnlyPeers = false }: Adversary): Reader {
  return {
    sees: ({ step }) => !seesOnlyPeers || step === 5,
    opens: (seal) => keysOf(seal).every((key) => has.includes(key)),
    made: ({ by }) => services.includes(by),
    isTold: false,
  }
}

/** A party reads what it sends and what it is sent, as far as it can open it. */
export function partyAsReader(name: string): Reader {
  return {
    sees: ({ from, to }) => from === name || to === name,
    opens: ({ by, for: reader }) => by === name || reader === name,
    made: ({ by }) => by === name,
    isTold: true,
  }
}

/** The keys that an adversary lacks for a seal. */
export function missingKeys({ has }: Adversary, seal: Seal): readonly Key[] {
  return keysOf(seal).filter((key) => !has.includes(key))
}
