/**
 * The looks at all guarded connections of a server, one timer for all of them.
 *
 * @module
 */
import { SWEEP_INTERVAL_MS } from './bounds.ts'
import type { ConnectionGuard } from './connection-guard.ts'

export class Sweep {
  readonly #guards = new Set<ConnectionGuard>()
  #timer: NodeJS.Timeout | undefined

  add(guard: ConnectionGuard): void {
    this.#guards.add(guard)
    this.#timer ??= setInterval(() => this.#look(), SWEEP_INTERVAL_MS)
  }

  delete(guard: ConnectionGuard): void {
    this.#guards.delete(guard)
    if (this.#guards.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const nowMs = performance.now()
    for (const guard of this.#guards) guard.look(nowMs)
  }
}
