/**
 * What each party knows by now: the table that fills as messages pass.
 *
 * @module
 */
import { partyAsReader } from './adversaries.ts'
import { placedFields } from './readable.ts'
import type { Field, Message } from './trace-file.ts'

/** Something worth knowing. */
export interface Known {
  readonly what: string
  /** The parties that know it, each with the index of the message from which it does. */
  readonly since: ReadonlyMap<string, number>
  readonly isSecret: boolean
}

/** The parties in the order in which they stand: whoever signed in first, the services, the others. */
export function partiesOf(messages: readonly Message[]): string[] {
  const names = new Set(messages.flatMap(({ from, to }) => [from, to]))
  if (messages.some(isRelayed)) names.add('relay')
  const services = SERVICES.filter((service) => names.has(service))
  const [first, ...others] = [...names].filter((name) => !SERVICES.includes(name) && name !== NOBODY)
  return [...(first === undefined ? [] : [first]), ...services, ...others]
}

/** Whether a relay has carried it. */
export function isRelayed({ method }: Message): boolean {
  return method.startsWith('sotto.relay.')
}

const SERVICES: readonly string[] = ['auth', 'directory', 'relay', 'mailbox']

/** A caller who has shown no name. */
const NOBODY = 'a caller'

/** The table, over all messages. */
export function knowledgeOf(messages: readonly Message[]): Known[] {
  const known = new Map<string, { what: string; since: Map<string, number>; isSecret: boolean }>()
  const readers = partiesOf(messages).map((name) => [name, partyAsReader(name)] as const)
  for (const [index, message] of messages.entries()) {
    for (const [name, reader] of readers) {
      for (const { field, path, isReadable } of placedFields(message, reader)) {
        const thing = isReadable ? thingOf(field, path, message, index) : undefined
        if (thing === undefined) continue
        const { id, what } = thing
        const row = known.get(id) ?? { what, since: new Map<string, number>(), isSecret: field.tone === 'secret' }
        known.set(id, row)
        if (!row.since.has(name)) row.since.set(name, index)
      }
    }
  }
  return [...known.values()]
}

/** The thing that a field tells, by an id that is the same wherever the same thing stands; undefined of most fields. */
function thingOf(field: Field, path: readonly string[], message: Message, index: number) {
  // A file that somebody made may have a field of the name of what every object has.
  if (!Object.hasOwn(NAMES, field.name)) return undefined
  const what = NAMES[field.name]?.(message, field)
  if (what === undefined) return undefined
  // A secret is the same where its fingerprint is; of what has none, each is one of its own.
  const same = field.fingerprint ?? (field.tone === 'secret' ? `${index}/${path.join('/')}` : `${field.value}`)
  return { id: SAME_AS[field.name] ?? same, what }
}

/** Fields that tell the same thing under several names. */
const SAME_AS: Readonly<Record<string, string>> = { receiver_name: 'who calls whom', sender_name: 'who calls whom' }

/** What the fields that are worth a row are called. */
const NAMES: Readonly<Record<string, (message: Message, field: Field) => string | undefined>> = {
  password: ({ from }) => `${from}’s password`,
  identity_key: ({ from }) => `${from}’s identity key, public half`,
  session_token: ({ to }) => `${to}’s session token R`,
  'directory bearer': ({ to }) => `${to}’s directory bearer`,
  'auth bearer': ({ to }) => `${to}’s auth bearer`,
  'relay bearer': ({ to }) => `${to}’s relay bearer`,
  'ticket key': ({ to }) => `${to}’s ticket key`,
  'grant key': ({ to }) => `${to}’s grant key`,
  authorization: ({ from }) => `${from}’s directory bearer`,
  'endpoints[0]': () => 'where the receiver listens',
  receiver_name: ({ to }, { value }) => `that ${to} calls ${value}`,
  sender_name: ({ to }, { value }) => `that ${value} calls ${to}`,
  receiver_identity_key: () => 'the receiver’s identity key, public half',
  sender_identity_key: () => 'the sender’s identity key, public half',
  secret: () => 'the chat secret s',
  psk: () => 'the pre-shared key of the channel',
  'first key': ({ to }) => `the key of ${to}’s records`,
  'second key': ({ from }) => `the key of ${from}’s records`,
  events: ({ from, to }) => `what ${from} says to ${to}`,
}
