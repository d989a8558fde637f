/**
 * The line one types, edited by node:readline: its keys, its history, its undo. Only what it would draw is thrown away,
 * because the screen draws the line itself.
 *
 * Between the terminal and readline stands this editor, which adds three things: an emoji made of several code points is
 * one character to the cursor and to Backspace; a pasted text is kept as it is, less its escape sequences, and is one line
 * until it is sent; and Tab completes.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { createInterface, emitKeypressEvents, type Interface, type Key } from 'node:readline'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { keepRaw, type RawInput, suspend } from '#lib/runtime/job-control.ts'
import { clusterAround } from '../../terminal/cluster.ts'
import { isInterrupt } from '../../terminal/keys.ts'
import { asKept, asWritten, isKept } from './kept-characters.ts'

/** The input that a screen reads: a terminal's, as process.stdin is. */
export interface KeyInput extends Readable, RawInput {
  readonly isTTY?: boolean
}

interface LineEditorEvents {
  /** Line or cursor may have changed. */
  change: []
  /** A line was ended with Return. */
  line: [line: Line]
  /** Ctrl-C on an empty line; on any other it empties the line. */
  interrupt: []
  /** Ctrl-D on an empty line, or the end of the input. */
  end: []
  /** Alt-A: on to who else has written. */
  next: []
  /** Ctrl-L: somebody else wrote on the terminal. */
  redraw: []
  /** The program goes on after it was stopped: the terminal shows what other programs wrote. */
  resume: []
}

/** The text that somebody has written. */
export interface Line {
  readonly text: string
  /** Whether it begins with a pasted text: then it is no command, whatever it looks like. */
  readonly isPasted: boolean
}

/** Lines to go back to with the arrow up; in memory only. */
const HISTORY_LINES = 200

/** Keys that move over or delete what a person takes for one character, and on which side of the cursor it stands. */
const OVER_ONE: Readonly<Record<string, 'left' | 'right'>> = {
  left: 'left',
  'ctrl-b': 'left',
  backspace: 'left',
  'ctrl-h': 'left',
  right: 'right',
  'ctrl-f': 'right',
  delete: 'right',
}

/** The endings that fit a line up to the cursor, and the part of it that each of them stands for. */
export type Completer = (line: string) => readonly [endings: readonly string[], part: string]

export class LineEditor extends EventEmitter<LineEditorEvents> {
  readonly #input: KeyInput
  /** The stream that readline believes the keys to come from. */
  readonly #keys: PassThrough & { setRawMode?: (isRaw: boolean) => void }
  readonly #readline: Interface
  readonly #complete: Completer
  readonly #raw: Disposable
  /** The text being pasted, or undefined. */
  #pasted: string | undefined
  /** Whether the rest of a paste is thrown away, for Ctrl-C came in the middle. */
  #isDropping = false
  #isClosed = false

  constructor(input: KeyInput, complete: Completer) {
    super()
    this.#input = input
    this.#complete = complete
    this.#keys = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => void input.setRawMode?.(isRaw) })
    const nowhere = new Writable({
      write: (_chunk, _encoding, done) => {
        this.emit('change')
        done()
      },
    })
    this.#readline = createInterface({
      input: this.#keys,
      output: nowhere,
      terminal: true,
      prompt: '',
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
    })
    this.#readline.on('line', (line) => this.emit('line', lineOf(line)))
    this.#readline.on('SIGTSTP', () => suspend(input))
    this.#readline.on('close', () => this.close())
    emitKeypressEvents(input, this.#readline)
    input.on('keypress', this.#onKey)
    input.on('end', this.#onEnd)
    // A terminal that was closed under the program ends in an error.
    input.on('error', this.#onEnd)
    this.#raw = keepRaw(input, () => this.emit('resume'))
    input.resume()
  }

  get line(): string {
    return this.written.text
  }

  /** The line so far. */
  get written(): Line {
    return lineOf(this.#readline.line)
  }

  /** The position of the next character, in UTF-16 units of {@link line}. */
  get cursor(): number {
    return this.#readline.cursor
  }

  /** Stop reading, and give the terminal back its own line discipline. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#input.off('keypress', this.#onKey)
    this.#input.off('end', this.#onEnd)
    this.#input.pause()
    this.#raw[Symbol.dispose]()
    this.#readline.close()
    this.emit('end')
  }

  readonly #onEnd = (): void => this.close()

  readonly #onKey = (text: string | undefined, key: Key): void => {
    if (key.name === 'paste-start') this.#pasted = ''
    else if (key.name === 'paste-end') this.#paste()
    else if (isInterrupt(key) && this.#pasted !== undefined) this.#dropPaste()
    else if (isInterrupt(key)) this.#interrupt()
    else if (this.#isDropping) return
    else if (this.#pasted !== undefined) this.#pasted += text ?? ''
    else if (key.meta && key.name === 'a') this.emit('next')
    else if (key.name === 'tab') this.#insertEnding()
    else this.#press(text, key)
  }

  /** Ctrl-C ends a paste, too, of which the end may never come; what else has come of it by now is no typing. */
  #dropPaste(): void {
    this.#pasted = undefined
    this.#isDropping = true
    setImmediate(() => {
      this.#isDropping = false
    })
    this.#empty()
  }

  #press(text: string | undefined, key: Key): void {
    const times = this.#times(key)
    for (let time = 0; time < times && !this.#isClosed; time += 1) this.#keys.emit('keypress', text, key)
    if (key.ctrl && key.name === 'l') this.emit('redraw')
    // A move over what has no width writes nothing, so readline's own drawing does not tell of every change.
    this.emit('change')
  }

  /** How often readline must be told of a key: once for each code point of the cluster that it is about. */
  #times(key: Key): number {
    const side = key.meta || key.shift ? undefined : OVER_ONE[`${key.ctrl ? 'ctrl-' : ''}${key.name}`]
    if (side === undefined) return 1
    const { line, cursor } = this
    const { start, end } = clusterAround(line, side === 'left' ? cursor - 1 : cursor)
    const crossed = side === 'left' ? line.slice(start, cursor) : line.slice(cursor, end)
    return Math.max(1, [...crossed].length)
  }

  /** readline's own completion waits before it inserts, and keys that come meanwhile would go before it. */
  #insertEnding(): void {
    const [endings, part] = this.#complete(this.line.slice(0, this.cursor))
    const common = endings.reduce(commonBeginning, endings[0] ?? part)
    if (common.length > part.length) this.#readline.write(common.slice(part.length))
    this.emit('change')
  }

  #paste(): void {
    const text = this.#pasted ?? ''
    this.#pasted = undefined
    this.#isDropping = false
    this.#insert(text.replace(/\r\n?/g, '\n'))
  }

  /**
   * Put a text on the line again that was taken off it with Return, unless there is another by now.
   *
   * @param line - As it was given.
   * @returns whether it is there.
   */
  restoreInput({ text, isPasted }: Line): boolean {
    const isFree = this.line === '' && this.#pasted === undefined && !this.#isClosed
    if (isFree) this.#insert(text, isPasted)
    return isFree
  }

  #insert(text: string, isPasted = true): void {
    const isBeginning = isPasted && this.line.slice(0, this.cursor).trim() === ''
    if (text !== '') this.#readline.write(asKept(text, isBeginning))
    this.emit('change')
  }

  #interrupt(): void {
    if (this.line === '') this.emit('interrupt')
    else this.#empty()
  }

  #empty(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' })
    this.#readline.write(null, { ctrl: true, name: 'u' })
    this.emit('change')
  }
}

function lineOf(kept: string): Line {
  return { text: asWritten(kept), isPasted: isKept(kept.trimStart()[0] ?? '') }
}

function commonBeginning(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return one.slice(0, length)
}
