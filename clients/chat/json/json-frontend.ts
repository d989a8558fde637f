/**
 * A chat for a script: JSON lines in, JSON lines out. docs/scripting.md has all of them.
 *
 * @module
 */
import type { Readable, Writable } from 'node:stream'
import type { Frontend } from '../view.ts'
import { JsonInput } from './json-input.ts'
import { JsonView, type JsonViewOptions } from './json-view.ts'

export interface JsonFrontendOptions extends Omit<JsonViewOptions, 'write'> {
  readonly input: Readable
  readonly output: Writable
}

export function jsonFrontend({ input, output, ...options }: JsonFrontendOptions): Frontend {
  const write = (text: string) =>
    new Promise<void>((resolve, reject) => {
      output.write(text, (error) => (error ? reject(error) : resolve()))
    })
  const view = new JsonView({ ...options, write })
  const lines = new JsonInput(input)
  return {
    view,
    draft: undefined,
    open({ submit, check, writing, quit }) {
      // Whoever read the lines has gone.
      output.on('error', quit)
      view.open()
      const read = lines.read({ submit, check, writing, failed: (error, about) => view.failure(error, about) })
      void read.finally(quit)
    },
    async close() {
      input.destroy()
      await view.close()
    },
  }
}
