/** What the network of a demo can be told to do. */
export const TAMPERINGS = ['flip', 'replay', 'swap'] as const
export type Tampering = (typeof TAMPERINGS)[number]

export function isTampering(what: string): what is Tampering {
  return TAMPERINGS.some((each) => each === what)
}
