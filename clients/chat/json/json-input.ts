/**
 * The lines that a script writes to a chat: `{"to":"bob","text":"hi"}`, `{"to":"bob","typing":true}` or
 * `{"command":"who"}`, each with a `"ref"` if it likes.
 *
 * @module
 */
import type { Readable } from 'node:stream'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { USERNAME } from '#lib/validation.ts'
import { jsonText, MAX_JSON_LINE_BYTES, parseJsonLine, refOf, textField } from '../../terminal/json-lines.ts'
import { LineSplitter } from '../../terminal/lines.ts'
import type { RawJson } from '../../terminal/raw-json.ts'
import { type Command, type Message, parseLine } from '../command.ts'
import type { About } from '../view.ts'

export interface JsonInputListeners {
  readonly submit: (submission: Message | Command) => Promise<void>
  /** Rejects if there is nobody of a name. */
  readonly check: (name: string) => Promise<void>
  readonly writing: (name: string | undefined) => void
  /** A line cannot be carried out. */
  readonly failed: (error: SottoError, about: About) => void
}

/** The request in a line. */
type Order = Message | Command | { readonly kind: 'typing'; readonly to: string; readonly isActive: boolean }

export class JsonInput {
  readonly #input: Readable

  constructor(input: Readable) {
    this.#input = input
  }

  /** Do what the lines say, one after the other. Resolves at their end, however it comes. */
  async read(listeners: JsonInputListeners): Promise<void> {
    const splitter = new LineSplitter(MAX_JSON_LINE_BYTES)
    try {
      for await (const chunk of this.#input) {
        for (const line of splitter.push(chunk as Uint8Array)) await this.#take(line, listeners)
      }
      const last = splitter.end()
      if (last !== undefined) await this.#take(last, listeners)
    } catch (error) {
      // It was closed by the chat's end; or it is a line of which nobody can tell where the next begins.
      if (isSottoError(error)) listeners.failed(error, {})
    }
  }

  async #take(line: Uint8Array, { submit, check, writing, failed }: JsonInputListeners): Promise<void> {
    const text = jsonText(line)
    if (text.trim() === '') return
    let ref: RawJson | undefined
    let contact: string | undefined
    try {
      const object = parseJsonLine(text, ['to', 'text', 'typing', 'command', 'ref'])
      ref = refOf(text, object)
      const order = orderOf(object)
      if (order.kind !== 'typing') return await submit({ ...order, ref })
      contact = order.to
      await check(order.to)
      writing(order.isActive ? order.to : undefined)
    } catch (error) {
      if (!isSottoError(error)) throw error
      failed(error, { contact, ref })
    }
  }
}

/** What a line asks for: one thing, for the rest of it would be swallowed. */
function orderOf(object: Readonly<Record<string, unknown>>): Order {
  const asked = ['command', 'text', 'typing'].filter((field) => field in object)
  if (asked.length > 1) throw misuse(`${asked.map((field) => `"${field}"`).join(' and ')} do not go in one line`)
  if ('command' in object && 'to' in object) throw misuse('"command" and "to" do not go in one line')
  if ('command' in object) return commandOf(textField(object, 'command'))
  const to = textField(object, 'to')
  if (!USERNAME.test(to)) throw misuse('"to" is no name of an account')
  if (!('typing' in object)) return { kind: 'message', to, text: textField(object, 'text') }
  if (typeof object['typing'] !== 'boolean') throw misuse('"typing" must be true or false')
  return { kind: 'typing', to, isActive: object['typing'] }
}

/** A command as one would type it, less the slash. */
function commandOf(text: string): Command {
  const submission = parseLine(`/${text}`)
  if (submission?.kind === 'command') return submission
  throw misuse(submission?.kind === 'mistake' ? submission.what : 'a command is missing')
}

function misuse(message: string): SottoError {
  return new SottoError('ERR_USAGE', message, { hint: 'docs/scripting.md has the lines that can be written' })
}
