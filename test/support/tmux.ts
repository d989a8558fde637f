/**
 * A real terminal by tmux, which runs a program, types into it and reads its screen.
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

/** How long a screen may take to show what a test waits for, and how often it is polled, in milliseconds. */
const TIMEOUT_MS = 10_000
const POLL_INTERVAL_MS = 40

/** Whether tmux is installed, in a version that passes variables to what it starts (3.2). */
export function hasTmux(): boolean {
  try {
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(execFileSync('tmux', ['-V'], { encoding: 'utf8' })) ?? []
    return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 2)
  } catch {
    return false
  }
}

export interface TmuxOptions {
  readonly columns: number
  readonly rows: number
  /** Further environment variables of the program. */
  readonly env?: Readonly<Record<string, string>>
}

/** The pane of the program: the first window of the one session. */
const PANE = ':0'

export class Tmux {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sotto-tmux-'))

  /** Open a terminal of this size in which a command runs. What it has shown stays there after its end. */
  static async open(command: readonly string[], { columns, rows, env = {} }: TmuxOptions): Promise<Tmux> {
    const tmux = new Tmux()
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const size = ['-x', String(columns), '-y', String(rows)]
    await tmux.#run(
      '-f',
      '/dev/null',
      'set',
      '-g',
      'remain-on-exit',
      'on',
      ';',
      'new-session',
      '-d',
      ...size,
      ...variables,
      ...command,
    )
    return tmux
  }

  /** Type text as it is: letters, not names of keys. */
  async type(text: string): Promise<void> {
    await this.#run('send-keys', '-t', PANE, '-l', text)
  }

  /** Press keys by tmux's names for them, such as Enter, Left, C-c. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run('send-keys', '-t', PANE, ...keys)
  }

  /** Paste a text as a terminal does: between marks, if the program has asked for them. */
  async paste(text: string): Promise<void> {
    await this.#run('set-buffer', '--', text)
    await this.#run('paste-buffer', '-p', '-r', '-t', PANE)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-t', PANE, '-x', String(columns), '-y', String(rows))
  }

  /** The rows of the screen, without spaces at their ends and without empty rows below. */
  async screen(): Promise<string[]> {
    return rowsOf(await this.#run('capture-pane', '-p', '-t', PANE))
  }

  /** The rows of the screen, with those that have scrolled out at the top. */
  async history(): Promise<string[]> {
    return rowsOf(await this.#run('capture-pane', '-p', '-t', PANE, '-S', '-'))
  }

  /** Ask tmux about the terminal, with a format such as `#{cursor_x}`. */
  async ask(format: string): Promise<string> {
    return (await this.#run('display-message', '-p', '-t', PANE, format)).trimEnd()
  }

  /** The same with the escape sequences of its colours. */
  async styled(): Promise<string[]> {
    return rowsOf(await this.#run('capture-pane', '-p', '-e', '-t', PANE))
  }

  /** Whether any of the screen is in colour. */
  async colours(): Promise<boolean> {
    return (await this.#run('capture-pane', '-p', '-e', '-t', PANE)).includes('\u001b[')
  }

  /** Select another window, so that `#{window_bell_flag}` shows a bell from now on. */
  async watchBell(): Promise<void> {
    await this.#run('new-window', '-d', '-t', '1', 'cat')
    await this.#run('select-window', '-t', '1')
  }

  /**
   * Wait until a condition holds of the screen.
   *
   * @returns The rows of the screen then.
   * @throws Error with the screen as it is, if that takes too long.
   */
  async until(isThere: (rows: string[]) => boolean, timeoutMs = TIMEOUT_MS): Promise<string[]> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const rows = await this.screen()
      if (isThere(rows)) return rows
      if (performance.now() > deadline) throw new Error(`the screen does not show it:\n${rows.join('\n')}`)
      await pause(POLL_INTERVAL_MS)
    }
  }

  async close(): Promise<void> {
    await this.#run('kill-server').catch(() => {})
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #run(...words: readonly string[]): Promise<string> {
    // The program gets the colour settings of the test, and not those of whoever runs the tests.
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env
    // -u: the terminal takes UTF-8, whatever the locale.
    const options = { encoding: 'utf8', env } as const
    const { stdout } = await run('tmux', ['-u', '-S', join(this.#folder, 'socket'), ...words], options)
    return stdout
  }
}

function rowsOf(captured: string): string[] {
  const rows = captured.split('\n').map((row) => row.trimEnd())
  return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1)
}
