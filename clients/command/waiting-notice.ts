/**
 * Says for what a person waits.
 *
 * @module
 */
import { type Schedule, schedule } from '#lib/runtime/schedule.ts'

/** How long a wait may be before it is worth a line, in milliseconds: longer than a slow link takes to begin. */
const NOTICE_AFTER_MS = 4_000

export interface WaitingNoticeOptions {
  /** Whether a person watches: nobody else is told. */
  readonly isWatched: boolean
  readonly notice: (text: string) => void
  readonly schedule?: Schedule
}

export class WaitingNotice implements Disposable {
  readonly #options: WaitingNoticeOptions
  #what = ''
  #timer: ReturnType<Schedule> | undefined

  constructor(options: WaitingNoticeOptions) {
    this.#options = options
  }

  /** A person waits for this now. It is told once until {@link stop}, of whatever is waited for by then. */
  begin(what: string): void {
    this.#what = what
    if (!this.#options.isWatched) return
    const after = this.#options.schedule ?? schedule
    this.#timer ??= after(NOTICE_AFTER_MS, () => this.#options.notice(`waiting for ${this.#what}; Ctrl-C gives up`))
  }

  /** Stop the notice: what was waited for has come, or is given up. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}
