/**
 * Keeps the debugger of Node.js shut: on SIGUSR1 it opens a port by which whoever reaches it reads all that is in memory
 * and runs what they like.
 *
 * @module
 */

/** Let SIGUSR1 do nothing from now on: with a listener of our own, the one of Node.js that starts the debugger is gone. */
export function refuseDebugger(): void {
  if (!process.listeners('SIGUSR1').includes(ignore)) process.on('SIGUSR1', ignore)
}

/**
 * The option for a process of ours that Node.js starts, so that there is no moment before {@link refuseDebugger}
 * either.
 */
export const NO_DEBUGGER = '--disable-sigusr1'

function ignore(): void {}
