/**
 * The states that a message must reach before it counts as done. It is apart from the sending, because the command line
 * needs the names.
 */
export const WAITS = ['sent', 'posted', 'delivered', 'read'] as const
export type Wait = (typeof WAITS)[number]
