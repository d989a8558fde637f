/**
 * A terminal with somebody in front of it: tmux runs a program, types on it and reads its screen.
 *
 * @module
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How long a screen may take to show what is waited for, in milliseconds, and how often it is looked at. */
const PATIENCE_MS = 10_000
const LOOK_EVERY_MS = 15

/** Whether tmux is there, in a version that can be resized with nobody attached (2.9). */
export function hasTmux(): boolean {
  try {
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(execFileSync('tmux', ['-V'], { encoding: 'utf8' })) ?? []
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9)
  } catch {
    return false
  }
}

export interface TmuxOptions {
  readonly columns: number
  readonly rows: number
  /** The environment's variables that the program gets besides the usual ones. */
  readonly env?: Readonly<Record<string, string>>
}

export class Tmux {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sotto-tmux-'))

  /** A terminal of this size in which a command runs; it ends with the command. */
  static async open(command: readonly string[], { columns, rows, env = {} }: TmuxOptions): Promise<Tmux> {
    const tmux = new Tmux()
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const size = ['-x', String(columns), '-y', String(rows)]
    await tmux.#tell('-f', '/dev/null', 'new-session', '-d', ...size, ...variables, ...command)
    return tmux
  }

  /** Type text as it is: letters, not names of keys. */
  async type(text: string): Promise<void> {
    await this.#tell('send-keys', '-t', '0', '-l', text)
  }

  /** Press keys by tmux's names for them, such as Enter, Left, C-c. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tell('send-keys', '-t', '0', ...keys)
  }

  /** Paste a text as a terminal does: between marks, if the program has asked for them. */
  async paste(text: string): Promise<void> {
    await this.#tell('set-buffer', '--', text)
    await this.#tell('paste-buffer', '-p', '-r', '-t', '0')
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tell('resize-window', '-t', '0', '-x', String(columns), '-y', String(rows))
  }

  /** The rows of the screen, without spaces at their ends and without empty rows below. */
  async screen(): Promise<string[]> {
    return rowsOf(await this.#tell('capture-pane', '-p', '-t', '0'))
  }

  /** The same with the rows that have scrolled out at the top. */
  async history(): Promise<string[]> {
    return rowsOf(await this.#tell('capture-pane', '-p', '-t', '0', '-S', '-'))
  }

  /** What tmux knows of the terminal, by a format such as `#{cursor_x}`. */
  async ask(format: string): Promise<string> {
    return (await this.#tell('display-message', '-p', '-t', '0', format)).trimEnd()
  }

  /**
   * Wait until the screen is as it should be.
   *
   * @returns The rows of the screen then.
   * @throws Error with the screen as it is, if that takes too long.
   */
  async until(isThere: (rows: string[]) => boolean): Promise<string[]> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const rows = await this.screen()
      if (isThere(rows)) return rows
      if (performance.now() > deadline) throw new Error(`the screen does not show it:\n${rows.join('\n')}`)
      await pause(LOOK_EVERY_MS)
    }
  }

  async close(): Promise<void> {
    await this.#tell('kill-server').catch(() => {})
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #tell(...words: readonly string[]): Promise<string> {
    // -u: the terminal takes UTF-8, whatever the locale of whoever runs the test.
    const { stdout } = await run('tmux', ['-u', '-S', join(this.#folder, 'socket'), ...words], { encoding: 'utf8' })
    return stdout
  }
}

function rowsOf(captured: string): string[] {
  const rows = captured.split('\n').map((row) => row.trimEnd())
  return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1)
}
