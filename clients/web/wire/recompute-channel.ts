/**
 * The lines that recompute the keys of a channel: first the pre-shared key, of the secret of the ticket and that of ML-KEM;
 * then, of that and the four Diffie-Hellman results, the key of each direction (docs/protocol.md, sections 4.3 and 4.4).
 *
 * @module
 */
import { asciiHex, hexOf, type Line, named, nameHex } from './recompute-line.ts'
import type { Field, Message } from './trace-file.ts'

/** Its 32 bytes are what Noise begins with. */
const PROTOCOL = 'Noise_IKpsk2_25519_AESGCM_SHA256'

const LABEL = 'sotto psk v1'

/** In front of both programs. */
const HELPERS = [
  'const hex = (digits) => Buffer.from(digits, "hex")',
  'const hkdf = (ikm, salt, info, size) => Buffer.from(crypto.hkdfSync("sha256", ikm, salt, info, size))',
]

/** The lines of a Welcome, which ends the handshake that the Hello before it began. */
export function channelLines(messages: readonly Message[], index: number): Line[] {
  const welcome = messages[index]
  if (welcome?.message !== 'Welcome') return []
  const hello = messages
    .slice(0, index)
    .findLast(({ message, from, to }) => message === 'Hello' && from === welcome.to && to === welcome.from)
  const secrets = named(welcome.fields, 'secrets of the channel')?.inside
  if (hello === undefined || secrets === undefined) return []
  return [...pskLine(messages, hello, welcome, secrets), ...keyLines(hello, welcome, secrets)]
}

function pskLine(messages: readonly Message[], hello: Message, welcome: Message, secrets: readonly Field[]): Line[] {
  const { from, to } = hello
  const [sender, receiver] = [nameHex(from), nameHex(to)]
  const [senderKey, receiverKey] = [identityKey(messages, from), identityKey(messages, to)]
  const ticket = named(hello.fields, 'ticket')
  const [sealed, secret] = [hexOf(ticket), hexOf(named(ticket?.inside ?? [], 'secret'))]
  const [ek, ct] = [hexOf(named(hello.fields, 'encapsulation_key')), hexOf(named(welcome.fields, 'kem_ciphertext'))]
  const [kem, prints] = [hexOf(named(secrets, 'ML-KEM secret')), hexOf(named(secrets, 'psk'))]
  const suite = named(hello.fields, 'suite')?.value
  if (!sender || !receiver || !senderKey || !receiverKey || !sealed || !secret || !ek || !ct || !kem || !prints)
    return []
  if (typeof suite !== 'number') return []
  const info = [asciiHex(LABEL), number(suite), number(from.length), sender, number(to.length), receiver]
  const program = [
    ...HELPERS,
    'const hash = (digits) => crypto.createHash("sha256").update(hex(digits)).digest()',
    `const info = Buffer.concat([hex("${info.join('')}${senderKey}${receiverKey}"), hash("${ek}${ct}")])`,
    `console.log(hkdf(hex("${secret}${kem}"), hash("${sealed}"), info, 32).toString("hex"))`,
  ]
  return [
    {
      what: `psk = HKDF(salt = SHA-256(ticket), ikm = s || ML-KEM secret, info = "${LABEL}", suite, names, identity keys, SHA-256(ek || ct))`,
      command: `node -e '${program.join('; ')}'`,
      prints,
    },
  ]
}

/** The keys depend on the chaining key alone, into which each of these is mixed in the order of Noise. */
function keyLines(hello: Message, welcome: Message, secrets: readonly Field[]): Line[] {
  const [es, ss, ee, se, psk] = ['es', 'ss', 'ee', 'se', 'psk'].map((name) => hexOf(named(secrets, name)))
  const [e, re] = [hello, welcome].map(({ fields }) => hexOf(named(fields, 'noise: e')))
  const mixed = [e, es, ss, re, ee, se, psk]
  if (mixed.includes(undefined)) return []
  return ['first key', 'second key'].flatMap((name, place) => {
    const prints = hexOf(named(secrets, name))
    if (prints === undefined) return []
    const program = [
      ...HELPERS,
      `let ck = "${PROTOCOL}"`,
      `for (const input of ${JSON.stringify(mixed)}) ck = hkdf(hex(input), ck, "", 64).subarray(0, 32)`,
      `console.log(hkdf("", ck, "", 64).subarray(${32 * place}, ${32 * place + 32}).toString("hex"))`,
    ]
    return [
      {
        what: `${name} of the channel = Split() of the chaining key, into which e, es, ss, e, ee, se and psk were mixed`,
        command: `node -e '${program.join('; ')}'`,
        prints,
      },
    ]
  })
}

/** The public half of somebody's identity key, as they have signed in with it. */
function identityKey(messages: readonly Message[], name: string): string | undefined {
  return hexOf(named(messages.findLast(({ step, from }) => step === 1 && from === name)?.fields ?? [], 'identity_key'))
}

/** A number of two bytes. */
function number(value: number): string {
  return value.toString(16).padStart(4, '0')
}
