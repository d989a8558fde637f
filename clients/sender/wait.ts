/** How far a message is to come before it counts as done. Apart from the sending, for the command line says the words. */
export const WAITS = ['sent', 'delivered', 'read'] as const
export type Wait = (typeof WAITS)[number]
