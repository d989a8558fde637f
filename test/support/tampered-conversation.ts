/**
 * Changes that an adversary on the way can make to the messages of a conversation.
 *
 * @module
 */
import { type Hello, HelloClear, type Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { resumeBody, textsBody } from './bare-caller.ts'
import { flip } from './tamper.ts'

/** A change of a message on its way. */
type Tampering<T> = (message: T) => T

const CLEAR_FIELDS = ['version', 'suite', 'instanceId', 'ticket', 'encapsulationKey'] as const

/**
 * Changes of a Hello: in the first and last byte of each of its fields, 18 in all. Each needs a Hello of its own, as
 * one whose ticket was used is refused for that.
 */
export const HELLO_TAMPERINGS: ReadonlyArray<Tampering<Hello>> = [
  ...(['instanceId', 'ticket', 'encapsulationKey'] as const).flatMap((name) =>
    [0, -1].map((at) => withClear((fields) => ({ ...fields, [name]: flipByte(fields[name], at) }))),
  ),
  ...(['version', 'suite'] as const).flatMap((name) =>
    [0, 2, 0xffffffff].map((value) => withClear((fields) => ({ ...fields, [name]: value }))),
  ),
  // Noise message 1: e (32), s (32 and a tag of 16), the empty payload's tag (16).
  ...[0, 31, 32, 79, 80, 95].map((at) => withNoise((message) => flipByte(message, at))),
]

/** Cuts of a Hello at the end of each of its fields, or one byte from it; 24 in all. */
export const HELLO_CUTS: ReadonlyArray<Tampering<Hello>> = [
  ...[0, 1, 31, 32, 33, 79, 80, 81, 95].map((end) => withNoise((message) => message.subarray(0, end))),
  ...[0, 1].map((end) => cutClear(() => end)),
  ...CLEAR_FIELDS.flatMap((_, n) =>
    [-1, 0, 1].map((beside) => cutClear((fields) => clearOf(firstOf(fields, n + 1)).length + beside)),
  ).slice(0, -2),
]

function withClear(change: (fields: HelloClear) => HelloClear): Tampering<Hello> {
  return (hello) => ({ ...hello, clear: clearOf(change(HelloClear.decode(hello.clear))) })
}

function withNoise(change: (message: Buffer) => Buffer): Tampering<Hello> {
  return (hello) => ({ ...hello, noiseMessage: change(hello.noiseMessage) })
}

function cutClear(end: (fields: HelloClear) => number): Tampering<Hello> {
  return ({ clear, noiseMessage }) => ({ clear: clear.subarray(0, end(HelloClear.decode(clear))), noiseMessage })
}

/** A clear part with the first so many fields of another, and the rest unset. */
function firstOf(fields: HelloClear, count: number): HelloClear {
  const kept = CLEAR_FIELDS.slice(0, count).map((name) => [name, fields[name]])
  return HelloClear.fromPartial(Object.fromEntries(kept))
}

/** Changes of a Welcome: the first and last byte of each field changed, or cut off at the end of one; 12 in all. */
export const WELCOME_TAMPERINGS: ReadonlyArray<Tampering<Welcome>> = [
  ...[0, -1].map((at) => ofKem((ciphertext) => flipByte(ciphertext, at))),
  ...[0, -1].map((end) => ofKem((ciphertext) => ciphertext.subarray(0, end))),
  // Noise message 2: e (32), the empty payload's tag (16).
  ...[0, 31, 32, 47].map((at) => ofNoise((message) => flipByte(message, at))),
  ...[0, 31, 32, 47].map((end) => ofNoise((message) => message.subarray(0, end))),
]

function ofKem(change: (ciphertext: Buffer) => Buffer): Tampering<Welcome> {
  return (welcome) => ({ ...welcome, kemCiphertext: change(welcome.kemCiphertext) })
}

function ofNoise(change: (message: Buffer) => Buffer): Tampering<Welcome> {
  return (welcome) => ({ ...welcome, noiseMessage: change(welcome.noiseMessage) })
}

/** Changes of a record: cut off around its boundaries, flipped in the first and last byte of its parts, grown. */
export const RECORD_TAMPERINGS: ReadonlyArray<Tampering<Uint8Array>> = [
  ...[0, 1, 15, 16, 17, -17, -16, -1].map((end) => (record: Uint8Array) => record.subarray(0, end)),
  ...[0, -17, -16, -1].map((at) => (record: Uint8Array) => flipByte(record, at)),
  (record) => Buffer.concat([record, Buffer.of(0)]),
]

/** The first three records of a caller, in a stream of their own, each with one text. */
export function threeBodies(texts: readonly string[] = ['first', 'second', 'third']): Uint8Array[] {
  const [first = '', second = '', third = ''] = texts
  return [resumeBody([first]), textsBody(2n, [second]), textsBody(3n, [third])]
}

/** A copy with the last bit of one byte flipped; below 0 the bytes are counted from the end. */
export function flipByte(bytes: Uint8Array, at: number): Buffer {
  return Buffer.from(flip(bytes, (at < 0 ? bytes.length + at : at) * 8))
}

/** A copy with one bit flipped, chosen by any number. */
export function flipAnyBit(bytes: Uint8Array, number: number): Buffer {
  return Buffer.from(flip(bytes, number % (bytes.length * 8)))
}

function clearOf(fields: HelloClear): Buffer {
  return Buffer.from(HelloClear.encode(fields).finish())
}
