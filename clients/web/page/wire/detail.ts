/**
 * One message from near: its fields as a tree, and its bytes beside them.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import { type Adversary, adversaryAsReader, missingKeys, type Reader } from '../../wire/adversaries.ts'
import { type PlacedField, placedFields } from '../../wire/readable.ts'
import type { Field, Message, Piece, Seal } from '../../wire/trace-file.ts'
import { NUMERALS } from './diagram.ts'

export interface DetailOptions {
  readonly message: Message
  readonly adversary: Adversary | undefined
  /** The field whose bytes are marked. */
  readonly marked: string | undefined
  readonly mark: (field: string | undefined) => void
}

/** How many digits of bytes a row shows; all of them stand among the bytes below. */
const SHOWN_DIGITS = 32

export function detail({ message, adversary, marked, mark }: DetailOptions): TemplateResult {
  const reader: Reader = adversary === undefined ? EVERYBODY : adversaryAsReader(adversary)
  const fields = placedFields(message, reader)
  return html`
    <h2>${NUMERALS[message.step] ?? ''} ${message.message}</h2>
    <p class="way-of"><b>${message.from}</b> → <b>${message.to}</b> · ${size(message.bytes)} · ${message.protection}</p>
    <p class="method">${message.method}</p>
    ${
      adversary === undefined
        ? html`<p class="who">Who can read it: ${message.readableBy}</p>`
        : html`<p class="who alarm">${verdict(message, adversary, fields)}</p>`
    }
    <div class="fields" role="list" aria-label="Fields">${fields.map((placed) => row(placed, marked, mark))}</div>
    ${message.wire === undefined ? nothing : bytesOf(message.wire, marked, mark, fields)}
  `
}

/** Where nobody is chosen, all that the trace has is shown. */
const EVERYBODY: Reader = { sees: () => true, opens: () => true, made: () => true, isTold: true }

/** What an adversary reads of a message, and what it lacks for the rest. */
function verdict(message: Message, adversary: Adversary, fields: readonly PlacedField[]): string {
  const seals = [...(message.seal ? [message.seal] : []), ...fields.flatMap(({ field }) => field.seal ?? [])]
  const lacking = new Set(seals.flatMap((seal) => missingKeys(adversary, seal)))
  const count = fields.filter(({ isReadable }) => isReadable).length
  const reader = adversaryAsReader(adversary)
  const opened = fields.filter(({ field, isReadable }) => isReadable && field.seal && reader.opens(field.seal))
  const opens = opened.length === 0 ? '' : ` It opens ${opened.map(({ field }) => field.name).join(', ')}.`
  const lacks = lacking.size === 0 ? '' : ` It lacks ${[...lacking].join(', ')}.`
  const name = adversary.name.slice(0, 1).toUpperCase() + adversary.name.slice(1)
  if (!reader.sees(message) && count === 0) return `${name} does not see this message.`
  return `${name} reads ${count} of ${fields.length} fields.${opens}${lacks}`
}

function row(
  { field, path, isReadable }: PlacedField,
  marked: string | undefined,
  mark: (field: string | undefined) => void,
): TemplateResult {
  const isMarked = marked === field.name
  return html`
    <button role="listitem" class="field depth-${Math.min(path.length - 1, 3)} ${field.tone} ${isReadable ? '' : 'unreadable'} ${isMarked ? 'marked' : ''}"
      @click=${() => mark(isMarked ? undefined : field.name)}>
      <span class="field-name">${field.name}</span>
      <span class="value">${isReadable ? shownValue(field) : '▒▒▒▒▒▒▒▒'}</span>
      ${field.bytes === undefined ? nothing : html`<span class="size">${field.bytes} B</span>`}
      ${field.note === undefined || !isReadable ? nothing : html`<span class="note">${field.note}</span>`}
      ${field.seal === undefined ? nothing : html`<span class="seal">${sealText(field.seal)}</span>`}
    </button>`
}

const SEAL_NAMES: Readonly<Partial<Record<Seal['kind'], string>>> = {
  channel: 'channel keys',
  identity: 'identity key',
  letter: 'identity key, prekey and s',
}

function sealText({ kind, by, for: reader }: Seal): string {
  return `${SEAL_NAMES[kind] ?? kind} · by ${by} for ${reader}`
}

/** Fields that are words, and stand as bytes where a demo reveals them. */
const WORDS: ReadonlySet<string> = new Set(['password', 'code', 'events'])

function shownValue({ name, value, fingerprint, tone }: Field): string {
  if (value === undefined) return fingerprint === undefined ? '' : `fingerprint ${fingerprint}`
  const text = String(value)
  if (tone === 'secret' && WORDS.has(name)) return `“${wordsOf(text)}”`
  const isBytes = text.length > SHOWN_DIGITS && /^[0-9a-f]+$/.test(text)
  return isBytes ? `${text.slice(0, SHOWN_DIGITS)}…` : text
}

function wordsOf(digits: string): string {
  const pairs = digits.match(/[0-9a-f]{2}/g) ?? []
  return new TextDecoder().decode(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)))
}

/** All bytes, each field's together; those of the marked field stand out. */
function bytesOf(
  wire: readonly Piece[],
  marked: string | undefined,
  mark: (field: string | undefined) => void,
  fields: readonly PlacedField[],
): TemplateResult {
  const readable = new Set(fields.filter(({ isReadable }) => isReadable).map(({ field }) => field.name))
  return html`
    <h3>The bytes</h3>
    <div class="hex" tabindex="0" role="group" aria-label="The bytes">${wire.map((piece) => {
      const { field } = piece
      if (field === undefined) return html`<span class="frame" title="tag and length">${digitsOf(piece)}</span> `
      const isHidden = !readable.has(field.startsWith('endpoints') ? 'endpoints[0]' : field)
      const look = `${marked === field ? 'marked' : ''} ${isHidden ? 'unreadable' : ''}`
      return html`<span class="piece ${look}" title="${field}" @click=${() => mark(field)}>${isHidden ? hidden(piece) : digitsOf(piece)}</span> `
    })}</div>
    <p class="legend">Grey: tags and lengths of protobuf. Click a field, or its bytes, to see the one in the other.</p>`
}

function digitsOf(piece: Piece): string {
  if (piece.value === undefined) return hidden(piece)
  const left = piece.bytes - piece.value.length / 2
  const digits = (piece.value.match(/../g) ?? []).join(' ')
  return left > 0 ? `${digits} … ${size(left)} more` : digits
}

function hidden({ bytes }: Piece): string {
  return bytes > 12 ? `${'▒▒ '.repeat(12)}… ${size(bytes)}` : '▒▒ '.repeat(bytes).trim()
}

function size(bytes: number): string {
  return `${bytes.toLocaleString('en')} ${bytes === 1 ? 'byte' : 'bytes'}`
}
