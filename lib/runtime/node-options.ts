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
 * For a service. New objects have 2 MiB of room, not 16, and three times that with what is copied: garbage of hostile
 * callers is 30 MiB less, and a service at rest 15 MiB smaller.
 */
export const SERVICE_NODE_OPTIONS = [...NODE_OPTIONS, '--max-semi-space-size=2']

/** Let SIGUSR1 do nothing from now on: with a listener of our own, the one of Node.js that starts the debugger is gone. */
export function refuseDebugger(): void {
  if (!process.listeners('SIGUSR1').includes(ignore)) process.on('SIGUSR1', ignore)
}

function ignore(): void {}
