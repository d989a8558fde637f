/**
 * What lets one browser in to the stage of a demo: a token that is good once, and a bearer in its place, in memory alone.
 *
 * @module
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

export class OneLink {
  readonly token = randomBytes(32).toString('base64url')
  readonly #bearer = randomBytes(32).toString('base64url')
  #isUsed = false

  /** The bearer for the token, once. */
  async redeem(token: string): Promise<string | undefined> {
    if (this.#isUsed || !isSame(token, this.token)) return undefined
    this.#isUsed = true
    return this.#bearer
  }

  knows(bearer: string): boolean {
    return isSame(bearer, this.#bearer)
  }
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}
