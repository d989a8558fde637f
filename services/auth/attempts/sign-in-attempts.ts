/**
 * Slows guessing down, without locking anybody out.
 *
 * Attempts are counted for each account as seen from each network, and for each network. After some failures the next
 * attempt has to wait, longer each time, and is refused at once until then, before anything is hashed. Somebody's account
 * is never slowed down for guesses that come from elsewhere, so an attacker cannot keep its owner out; and a network that
 * an account has signed in from before is not slowed down for it by what others guess there.
 *
 * Where somebody signed in from is nobody's business: a key in the database is a hash under the wrapping key.
 *
 * @module
 */

import type { Kysely } from 'kysely'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { AuthSchema } from '../store.ts'
import { noteKnown, type Pace, purgeAttempts, reserve, takeBack } from './attempt-rows.ts'

/** Of one account from one network: a person who mistypes notices nothing, a guesser has one try a minute. */
export const PACE_OF_ACCOUNT: Pace = { free: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 }

/** Of one network, whatever it tries: a class behind one address signs in at once, each with some mistakes. */
export const PACE_OF_NETWORK: Pace = { free: 100, firstDelayMs: 500, maxDelayMs: 8_000 }

/**
 * Of one account's codes, from all networks that it has not signed in from: whoever guesses there knows the password, and
 * has many networks. That leaves some thousand guesses a day, of a million codes of which three are right.
 */
export const PACE_OF_CODES: Pace = { free: 5, firstDelayMs: 1_000, maxDelayMs: 150_000 }

/** Who tries, and for whom. */
export interface Attempt {
  /** As lib/rpc/sockets/network-of.ts has it. */
  readonly network: string
  /** The name whose password is tried; undefined for a code of an invite, which names nobody. */
  readonly account: string | undefined
  /**
   * Whether it is to begin a session, by which alone a network becomes known: nobody does that unseen. What else a password
   * opens is done in silence, and by it somebody who knows the password could make every network theirs.
   */
  readonly isSignIn: boolean
}

/** The refusals that tell of a guess. */
const GUESSES = ['ERR_LOGIN_REFUSED', 'ERR_CODE_REFUSED', 'ERR_INVITE_REFUSED']

export class SignInAttempts {
  readonly #db: Kysely<AuthSchema>
  readonly #keyOf: (text: string) => Uint8Array
  readonly #nowMs: () => number

  /**
   * @param keyOf - Hashes a text under a key that the database does not hold, to 32 bytes.
   * @param nowMs - The wall clock, in milliseconds since 1970.
   */
  constructor(db: Kysely<AuthSchema>, keyOf: (text: string) => Uint8Array, nowMs: () => number) {
    this.#db = db
    this.#keyOf = keyOf
    this.#nowMs = nowMs
  }

  /**
   * Check a secret, if it is not too soon for that.
   *
   * @param check - Throws one of {@link GUESSES} if the secret is wrong. Told whether the account has signed in from there.
   * @throws SottoError `ERR_BUSY`, with when to come back, if too many have failed; whatever `check` throws.
   */
  async try<T>(attempt: Attempt, check: (isKnown: boolean) => Promise<T>): Promise<T> {
    return await this.#within(await this.#reserve(attempt), attempt.isSignIn ? 'known' : 'nothing', check)
  }

  /**
   * Check a code of somebody whose password was right, from a network that the account has not signed in from.
   *
   * @param check - As for {@link try}.
   * @throws SottoError as {@link try}.
   */
  async tryCode<T>(account: string, check: () => Promise<T>): Promise<T> {
    const ofAccount = this.#keyOf(`codes ${account}`)
    const nowMs = this.#nowMs()
    const { waitMs } = await inTransaction(this.#db, (transaction) =>
      reserve(transaction, ofAccount, PACE_OF_CODES, nowMs),
    )
    if (waitMs !== undefined) throw tooSoon(waitMs)
    return await this.#within({ ofAccount, ofNetwork: undefined, isKnown: false }, 'known', check)
  }

  /** @param success - What comes of it if the secret is right. */
  async #within<T>(keys: Keys, success: Outcome, check: (isKnown: boolean) => Promise<T>): Promise<T> {
    let checked: T
    try {
      checked = await check(keys.isKnown)
    } catch (error) {
      if (!GUESSES.some((code) => isSottoError(error) && error.code === code)) await this.#settle(keys, 'nothing')
      throw error
    }
    await this.#settle(keys, success)
    return checked
  }

  /** Delete what no longer means anything. */
  async purge(): Promise<void> {
    await purgeAttempts(this.#db, this.#nowMs())
  }

  async #reserve({ network, account }: Attempt): Promise<Keys> {
    const ofAccount = account === undefined ? undefined : this.#keyOf(`account ${account} ${network}`)
    const ofNetwork = this.#keyOf(`network ${network}`)
    const nowMs = this.#nowMs()
    return await inTransaction(this.#db, async (transaction) => {
      const own = ofAccount && (await reserve(transaction, ofAccount, PACE_OF_ACCOUNT, nowMs))
      if (own?.waitMs !== undefined) throw tooSoon(own.waitMs)
      if (own?.isKnown) return { ofAccount, ofNetwork: undefined, isKnown: true }
      const common = await reserve(transaction, ofNetwork, PACE_OF_NETWORK, nowMs)
      if (common.waitMs !== undefined) throw tooSoon(common.waitMs)
      return { ofAccount, ofNetwork, isKnown: false }
    })
  }

  /** Where that cannot be written, the attempt counts as a guess. */
  async #settle({ ofAccount, ofNetwork }: Keys, outcome: Outcome): Promise<void> {
    const nowMs = this.#nowMs()
    try {
      await inTransaction(this.#db, async (transaction) => {
        // In the order of a reservation: two that wait for each other's row would wait until PostgreSQL ends one.
        if (ofAccount) await (outcome === 'known' ? noteKnown : takeBack)(transaction, ofAccount, nowMs)
        if (ofNetwork) await takeBack(transaction, ofNetwork, nowMs)
      })
    } catch (error) {
      // What was checked has come to pass, such as that a session has begun, or a code is spent: the caller is told that.
      if (!isSottoError(error)) throw error
    }
  }
}

/** What comes of an attempt that was no wrong guess: its network is known from then on, or it is as if it had not been. */
type Outcome = 'known' | 'nothing'

interface Keys {
  readonly ofAccount: Uint8Array | undefined
  /** Undefined where the network is not counted. */
  readonly ofNetwork: Uint8Array | undefined
  /** Whether the account has signed in from there. */
  readonly isKnown: boolean
}

function tooSoon(waitMs: number): SottoError {
  const seconds = Math.ceil(waitMs / 1_000)
  return new SottoError('ERR_BUSY', 'too many attempts have failed', {
    hint: `try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}`,
    retryAfterMs: waitMs,
  })
}
