/**
 * The garbage collector of V8, to be called.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Among all objects, or among those alone that were made last. Of the last resort it gives back the room that it finds. */
type Collection = { readonly type: 'major'; readonly flavor: 'last-resort' } | { readonly type: 'minor' }

let collector: ((collection: Collection) => void) | undefined

/** Look for garbage now. All stands still until that is done. */
export function collect(collection: Collection): void {
  collector ??= createCollector()
  collector(collection)
}

/**
 * Look for garbage among all objects, and among what is compiled of functions: V8 does that anew when one is called again. By
 * itself V8 gives up what is compiled of a function that was not called while it has looked six times, which is restored then.
 */
export function collectWithCode(): void {
  setFlagsFromString('--bytecode-old-age=1')
  collect({ type: 'major', flavor: 'last-resort' })
  setFlagsFromString('--bytecode-old-age=6')
}

/**
 * Node.js has it where it is started with that option, and V8 in each context that is made while it is set. It is for no
 * longer: code that is kept compiled is refused by a process whose flags are others.
 */
function createCollector(): (collection: Collection) => void {
  setFlagsFromString('--expose-gc')
  const made = runInNewContext('gc') as (collection: Collection) => void
  setFlagsFromString('--no-expose-gc')
  return made
}
