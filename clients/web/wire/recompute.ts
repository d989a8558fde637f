/**
 * The lines by which anybody recomputes what is derived, with openssl or node. They need the secrets themselves, so there
 * are none but for the trace of a demo that reveals them.
 *
 * @module
 */

import { channelLines } from './recompute-channel.ts'
import { asciiHex, hexOf, type Line, named, type Recomputation } from './recompute-line.ts'
import type { Field, Message } from './trace-file.ts'

/** The labels of docs/protocol.md, section 2. */
const LABELS: Readonly<Record<string, string>> = {
  'directory bearer': 'sotto directory bearer v1',
  'auth bearer': 'sotto auth bearer v1',
  'relay bearer': 'sotto relay bearer v1',
  'ticket key': 'sotto ticket v1',
  'grant key': 'sotto grant v1',
}

/** In front of a secret whose fingerprint is taken (lib/secret.ts). */
const FINGERPRINT = 'sotto fingerprint v1'

/** All that can be recomputed from a trace. */
export function recomputations(messages: readonly Message[]): Recomputation[] {
  return messages.flatMap((message, index) =>
    [
      ...derived(message),
      ...fingerprints(message),
      ...ticketHash(message),
      ...grantOpened(message, messages),
      ...ticketOpened(message, messages),
      ...channelLines(messages, index),
    ].map((each) => ({ message: index, ...each })),
  )
}

/** The secrets of a session, from its token. */
function derived({ fields }: Message): Line[] {
  const token = named(fields, 'session_token')
  const ikm = hexOf(token)
  if (ikm === undefined) return []
  return (token?.inside ?? []).flatMap((field) => {
    const label = Object.hasOwn(LABELS, field.name) ? LABELS[field.name] : undefined
    const prints = hexOf(field)
    if (label === undefined || prints === undefined) return []
    const options = `-keylen 32 -kdfopt digest:SHA2-256 -kdfopt salt: -kdfopt info:'${label}' -kdfopt hexkey:${ikm}`
    return [
      {
        what: `${field.name} = HKDF(salt = "", ikm = R, info = "${label}")`,
        command: `openssl kdf ${options} HKDF | tr -d ':\\n' | tr A-F a-f`,
        prints,
      },
    ]
  })
}

/** The fingerprints by which a trace names secrets. */
function fingerprints({ fields }: Message): Line[] {
  return all(fields).flatMap((field) => {
    const hex = hexOf(field)
    if (hex === undefined || field.fingerprint === undefined) return []
    const input = `Buffer.concat([Buffer.from("${FINGERPRINT}"), Buffer.from("${hex}", "hex")])`
    return [
      {
        what: `the fingerprint of ${field.name} = the first 8 digits of SHA-256("${FINGERPRINT}" || it)`,
        command: `node -p 'crypto.createHash("sha256").update(${input}).digest("hex").slice(0, 8)'`,
        prints: field.fingerprint,
      },
    ]
  })
}

/** The hash by which a grant names its ticket. */
function ticketHash({ fields }: Message): Line[] {
  const [ticket, grant] = [hexOf(named(fields, 'ticket')), named(fields, 'grant')]
  const prints = hexOf(named(grant?.inside ?? [], 'ticket_hash'))
  if (ticket === undefined || prints === undefined) return []
  return [
    {
      what: 'ticket_hash = SHA-256(ticket)',
      command: `node -p 'crypto.createHash("sha256").update(Buffer.from("${ticket}", "hex")).digest("hex")'`,
      prints,
    },
  ]
}

/** The secret of the conversation, out of the grant. */
function grantOpened({ to, fields }: Message, messages: readonly Message[]): Line[] {
  const grant = named(fields, 'grant')
  return opened(grant, keyOf(messages, to, 'grant key'), adOf('sotto grant v1', messages, to))
}

/** The secret of the conversation, out of the ticket that the receiver opens. */
function ticketOpened({ to, fields }: Message, messages: readonly Message[]): Line[] {
  const instance = hexOf(named(fields, 'instance_id'))
  if (instance === undefined) return []
  return opened(
    named(fields, 'ticket'),
    keyOf(messages, to, 'ticket key'),
    adOf('sotto ticket v1', messages, to, instance),
  )
}

/** Docs/protocol.md, section 3.1: a nonce, the padded body, a tag; s is the last field of the body. */
function opened(sealed: Field | undefined, key: string | undefined, ad: string | undefined): Line[] {
  const [hex, prints] = [hexOf(sealed), hexOf(named(sealed?.inside ?? [], 'secret'))]
  if (sealed === undefined || hex === undefined || prints === undefined || !key || !ad) return []
  const program = [
    `const sealed = Buffer.from("${hex}", "hex")`,
    `const opener = crypto.createDecipheriv("aes-256-gcm", Buffer.from("${key}", "hex"), sealed.subarray(0, 12))`,
    `opener.setAAD(Buffer.from("${ad}", "hex")).setAuthTag(sealed.subarray(524))`,
    'const body = Buffer.concat([opener.update(sealed.subarray(12, 524)), opener.final()])',
    'console.log(body.subarray(2, 2 + body.readUInt16BE(0)).subarray(-32).toString("hex"))',
  ]
  return [
    {
      what: `s, out of the ${sealed.name}, opened with the ${sealed.name} key`,
      command: `node -e '${program.join('; ')}'`,
      prints,
    },
  ]
}

/** The additional data: label, version 1, realm, the name with its length, and for a ticket the instance id. */
function adOf(label: string, messages: readonly Message[], name: string, more = ''): string | undefined {
  const realm = hexOf(named(answerTo(messages, name)?.fields ?? [], 'realm'))
  if (realm === undefined || !/^[a-z0-9._-]{1,32}$/.test(name)) return undefined
  return `${asciiHex(label)}0001${realm}00${name.length.toString(16).padStart(2, '0')}${asciiHex(name)}${more}`
}

function keyOf(messages: readonly Message[], name: string, key: string): string | undefined {
  const token = named(answerTo(messages, name)?.fields ?? [], 'session_token')
  return hexOf(named(token?.inside ?? [], key))
}

/** The answer to somebody's login. */
function answerTo(messages: readonly Message[], name: string): Message | undefined {
  return messages.findLast(({ step, to }) => step === 2 && to === name)
}

function all(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...all(field.inside ?? [])])
}
