/**
 * What lets a browser in: a link with a token that is good once, which the page exchanges for a bearer. Of both the
 * profile keeps hashes, sealed like all else in it, so that an open page finds its client again after a restart.
 *
 * @module
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Profile } from '../../profile/profile.ts'
import type { ProfileState, WebAccess } from '../../profile/state.ts'

/** How long a link may wait to be followed, in milliseconds. */
export const LINK_LIFETIME_MS = 10 * 60_000

/** How many bearers are good at once, one for each tab: with another, the oldest is good no longer. */
const MAX_BEARERS = 16

/** Likewise of links that wait. */
const MAX_LINKS = 8

const TOKEN_BYTES = 32

/** A token or a bearer as it is written: base64url of 32 bytes. */
export const TOKEN = /^[A-Za-z0-9_-]{43}$/

const NOBODY: WebAccess = { port: 0, bearers: [], links: [] }

export class Access {
  readonly #profile: Profile
  readonly #clock: Clock

  constructor(profile: Profile, clock: Clock) {
    this.#profile = profile
    this.#clock = clock
  }

  /** The port that the page had last; 0 for none. */
  get port(): number {
    return this.#state.port
  }

  get #state(): WebAccess {
    return this.#profile.state.web ?? NOBODY
  }

  async keepPort(port: number): Promise<void> {
    if (port !== this.port) await this.#update((web) => ({ ...web, port }))
  }

  /** Make a link's token. */
  async newToken(): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const link = { hash: hashOf(token), expiresAtMs: this.#clock.now().getTime() + LINK_LIFETIME_MS }
    await this.#update((web) => ({ ...web, links: [...web.links, link].slice(-MAX_LINKS) }))
    return token
  }

  /** Whether a token is still to be exchanged. */
  async isWaiting(token: string): Promise<boolean> {
    await this.#profile.refresh()
    return this.#state.links.some((link) => isHashOf(token, link.hash))
  }

  /** Exchange a token, whichever process has made it, for a bearer; undefined if it is none, was used, or waited too long. */
  async redeem(token: string): Promise<string | undefined> {
    // Anybody on the machine can come with a token, and for one that is none nothing is written.
    if (!(await this.isWaiting(token))) return undefined
    const nowMs = this.#clock.now().getTime()
    const bearer = randomBytes(TOKEN_BYTES).toString('base64url')
    let isGood = false
    await this.#update((web) => {
      const links = web.links.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      const rest = links.filter((link) => !isHashOf(token, link.hash))
      isGood = rest.length < links.length
      const bearers = isGood ? [...web.bearers, hashOf(bearer)].slice(-MAX_BEARERS) : web.bearers
      return { ...web, links: rest, bearers }
    })
    return isGood ? bearer : undefined
  }

  /** Whether somebody has this bearer who followed a link. */
  knows(bearer: string): boolean {
    return this.#state.bearers.some((known) => isHashOf(bearer, known))
  }

  async #update(change: (web: WebAccess) => WebAccess): Promise<void> {
    await this.#profile.update((state: ProfileState) => ({ ...state, web: change(state.web ?? NOBODY) }))
  }
}

function hashOf(token: string): Uint8Array {
  return hash('sha256', token, 'buffer')
}

function isHashOf(token: string, known: Uint8Array): boolean {
  return timingSafeEqual(hashOf(token), known)
}
