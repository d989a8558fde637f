/**
 * The address of a server as text: `HOST:PORT`, with an IPv6 literal in brackets.
 *
 * @module
 */
import { isIPv6 } from 'node:net'
import { SottoError } from '../errors.ts'

export interface Address {
  /** A name or an IP literal, without brackets. Empty where the text begins with the colon. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/**
 * Read `HOST:PORT`.
 *
 * @throws SottoError `ERR_USAGE` for anything else.
 */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= 65_535) || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new SottoError('ERR_USAGE', 'an address that is not HOST:PORT', {
      hint: 'write it as host.example:7001, 192.0.2.1:7001 or [2001:db8::1]:7001',
    })
  }
  return { host, port }
}

/** The text for an address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
