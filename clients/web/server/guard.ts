/**
 * Who may ask the page's server for what: it listens on loopback, where every user and every web page of this machine's
 * browsers can knock.
 *
 *     Host             exactly one of its own names: a name that was bound anew to 127.0.0.1 is none of them
 *     Origin           of a call: equal to that; another port is another origin
 *     Sec-Fetch-Site   of a call: same-origin, which no script can write; a piece of the page is fetched by the page alone
 *     Content-Type     of a call: one that no form can send
 *
 * No cookie is set and no CORS header sent, ever: what a browser would add by itself proves nothing here.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'

export interface Asked {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** The status of a refusal, with a word for whoever looks for a mistake. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** The types of content that calls have; forms have others. */
const CALL_TYPES: ReadonlySet<string | undefined> = new Set([
  'application/grpc-web+proto',
  'application/x-sotto-link',
  'application/x-sotto-demo',
])

/**
 * Judge a request before anything of it is read.
 *
 * @param hosts - The server's own names with its port, in lower case.
 * @param mayBeFramed - Whether the page may stand in a frame of another: that of a demo, which its policy names.
 * @returns undefined if it may be answered.
 */
export function refusalOf(
  { method, url = '/', headers }: Asked,
  hosts: ReadonlySet<string>,
  mayBeFramed = false,
): Refusal | undefined {
  const { host, origin, 'sec-fetch-site': site } = headers
  if (host === undefined || !hosts.has(host.toLowerCase())) return { status: 421, reason: 'not a name of this page' }
  if (method === 'GET' || method === 'HEAD') return isOwnFetch(headers, url, mayBeFramed) ? undefined : FOREIGN
  if (method !== 'POST') return { status: 405, reason: 'not a method of this page' }
  if (origin !== `http://${host}` || site !== 'same-origin') return FOREIGN
  if (!CALL_TYPES.has(headers['content-type'])) return { status: 415, reason: 'not a call' }
  return undefined
}

const FOREIGN: Refusal = { status: 403, reason: 'not from this page' }

/** Whether a GET is of a person who opens the page, of the page itself, or of a program that is no browser. */
function isOwnFetch(headers: IncomingHttpHeaders, url: string, mayBeFramed: boolean): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  if (site === undefined || site === 'same-origin' || site === 'none') return true
  const isShown = destination === 'document' || (mayBeFramed && destination === 'iframe')
  return url === '/' && mode === 'navigate' && isShown
}
