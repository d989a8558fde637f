/**
 * The numbers of presence that the directory and its clients both go by. docs/protocol.md, section 10.
 *
 * @module
 */

/** How often an open announcement or watch is answered though nothing has happened, in milliseconds. */
export const HEARTBEAT_MS = 20_000

/** How many names one watch may have: more people than one keeps up with, and 8.5 KiB. */
export const MAX_WATCHED_NAMES = 256
