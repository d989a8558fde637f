/**
 * A log whose lines a test waits for.
 *
 * @module
 */
import { createLogger, type Logger } from '#lib/runtime/log.ts'

export interface AwaitedLog {
  readonly log: Logger
  /** Resolves with the next line that has this text. */
  next(text: string): Promise<string>
}

export function awaitedLog(name: string): AwaitedLog {
  const waiting = new Set<{ text: string; resolve: (line: string) => void }>()
  const write = (line: string) => {
    for (const each of waiting) {
      if (!line.includes(each.text)) continue
      waiting.delete(each)
      each.resolve(line)
    }
  }
  return {
    log: createLogger({ name, destination: { write } }),
    next(text) {
      const { promise, resolve } = Promise.withResolvers<string>()
      waiting.add({ text, resolve })
      return promise
    },
  }
}
