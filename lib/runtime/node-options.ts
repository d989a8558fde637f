/**
 * The options of Node.js that every process of ours runs with.
 *
 * @module
 */

/**
 * For a process of ours that Node.js starts; bin/sotto starts the others with the same.
 *
 * - The debugger stays shut: on SIGUSR1 it opens a port by which whoever reaches it reads all that is in memory and runs
 *   what they like. With the option there is no moment before {@link refuseDebugger} either.
 * - The public authorities that Node.js brings are not read: that takes 20 ms of a core at each start, and nobody but our
 *   own authority is ever trusted.
 */
export const NODE_OPTIONS = ['--disable-sigusr1', '--use-openssl-ca']

/**
 * New objects have 2 MiB of room, not 16, and three times that with what is copied: garbage of hostile callers is 30 MiB
 * less, and a service at rest 15 MiB smaller.
 */
const SERVICE_OPTIONS = [...NODE_OPTIONS, '--max-semi-space-size=2']

/**
 * All memory is looked through for garbage when the old objects and the bytes that they hold are 64 MiB, not the 4 or so
 * that a program has which has just begun. What a relay carries lies in buffers, none of which lives long; each few MiB of
 * them made it stop for that, up to 20 ms at once, and so did everybody who talks through it.
 */
const RELAY_OPTIONS = [...SERVICE_OPTIONS, '--initial-old-space-size=64']

/** For a service. @param name - Its folder in services/. */
export function serviceNodeOptions(name: string): readonly string[] {
  return name === 'relay' ? RELAY_OPTIONS : SERVICE_OPTIONS
}

/** Let SIGUSR1 do nothing from now on: with a listener of our own, the one of Node.js that starts the debugger is gone. */
export function refuseDebugger(): void {
  if (!process.listeners('SIGUSR1').includes(ignore)) process.on('SIGUSR1', ignore)
}

function ignore(): void {}
