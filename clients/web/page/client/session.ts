/**
 * How the page proves to its client that it was let in: by a bearer, for which it has exchanged the token of its link. The
 * bearer lives as long as the tab; a cookie would go to whatever else listens on this machine.
 *
 * @module
 */

const KEY = 'sotto-bearer'

/** The token of a link, in the part of the address that is sent to nobody; and behind it whom to talk with first. */
const LINK = /^#([A-Za-z0-9_-]{43})(\/[a-z0-9._-]{1,32})?$/

export function bearer(): string {
  return sessionStorage.getItem(KEY) ?? ''
}

export function isSignedIn(): boolean {
  return bearer() !== ''
}

/** The client does not know the bearer. */
export function forgetBearer(): void {
  sessionStorage.removeItem(KEY)
}

/** Exchange the link, if the page was opened by one. A link that is no good leaves the page as it was. */
export async function followLink(): Promise<void> {
  const [, token, contact] = LINK.exec(location.hash) ?? []
  if (token === undefined) return
  history.replaceState(null, '', contact === undefined ? location.pathname : `#${contact}`)
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/x-sotto-link', authorization: `Link ${token}` },
    credentials: 'omit',
  }).catch(() => undefined)
  if (response?.status === 200) sessionStorage.setItem(KEY, await response.text())
}
