/**
 * What somebody shows to act for an account: its password, and a code of its second factor. Each check is slowed down by what
 * failed before, and each refusal is written into the audit log.
 *
 * @module
 */
import { type ErrorCode, isSottoError } from '#lib/errors.ts'
import type { CallContext } from '#lib/rpc/service.ts'
import { networkOf } from '#lib/rpc/sockets/network-of.ts'
import { Secret } from '#lib/secret.ts'
import type { Accounts, AuthenticatedAccount } from '../accounts.ts'
import type { AuditAction } from '../audit/audit-log.ts'
import { SOMEBODY } from '../audit/chain.ts'
import type { Refusals } from '../audit/refusals.ts'
import type { SignInAttempts } from './sign-in-attempts.ts'

/** Why somebody is refused, for the audit log. Who comes too often or too late is not refused: nothing was checked. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  ERR_LOGIN_REFUSED: 'wrong password',
  ERR_ACCOUNT_DISABLED: 'disabled',
  ERR_CODE_REFUSED: 'wrong code',
  ERR_IDENTITY_CONFLICT: 'another identity key',
}

/** The fields of a request that prove whose it is. */
export interface Shown {
  readonly username: string
  readonly password: string
  /** Empty for none. */
  readonly code: string
}

/** What is done for the owner of an account. */
type OwnersWork<T> = (account: AuthenticatedAccount) => Promise<T>

export class Credentials {
  readonly #accounts: Accounts
  readonly #attempts: SignInAttempts
  readonly #refusals: Refusals

  constructor(accounts: Accounts, attempts: SignInAttempts, refusals: Refusals) {
    this.#accounts = accounts
    this.#attempts = attempts
    this.#refusals = refusals
  }

  /**
   * Begin a session for whoever shows the password of an account.
   *
   * @param work - Checks the code, in the transaction of what it does. It is told nothing where the password is wrong, so a
   *   code that comes with that one is looked at by nobody.
   * @throws SottoError as {@link Accounts.authenticate}; `ERR_BUSY` if too many have failed; what `work` throws.
   */
  async forSignIn<T>(shown: Shown, context: CallContext, work: OwnersWork<T>): Promise<T> {
    return await this.#forOwner(shown, context, { isSignIn: true, refused: 'sign-in refused' }, work)
  }

  /** Change the second factor of an account, or begin one, for whoever shows its password. As {@link forSignIn}. */
  async forSecondFactor<T>(shown: Shown, context: CallContext, work: OwnersWork<T>): Promise<T> {
    return await this.#forOwner(shown, context, { isSignIn: false, refused: 'second factor refused' }, work)
  }

  async #forOwner<T>(
    { username, password, code }: Shown,
    { caller, noteAccount, remoteAddress, signal }: CallContext,
    { isSignIn, refused }: { readonly isSignIn: boolean; readonly refused: AuditAction },
    work: OwnersWork<T>,
  ): Promise<T> {
    caller.vouch()
    // Whoever reads the log has to see whose password is being tried.
    noteAccount(username)
    const network = networkOf(remoteAddress)
    const done = await this.noting(refused, username, () =>
      this.#attempts.try({ network, account: username, isSignIn }, async (isKnown) => {
        const account = await this.#accounts.authenticate(username, passwordOf(password), { network, signal })
        return await (isKnown || code === '' ? work(account) : this.#attempts.tryCode(username, () => work(account)))
      }),
    )
    caller.admit()
    return done
  }

  /** Do something, and write it into the audit log if it is refused. */
  async noting<T>(what: AuditAction, name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const reason = isSottoError(error) ? REASONS[error.code] : undefined
      if (reason !== undefined) {
        // A name that is nobody's is written nowhere for good: it may be a password, typed on the wrong line.
        const isMember = await this.#accounts.exists(name)
        const [subject, detail] = isMember ? [name, reason] : ['', 'no such account']
        await this.#refusals.note({ who: SOMEBODY, what, subject, detail })
      }
      throw error
    }
  }
}

/** A password, as it was sent. */
export function passwordOf(text: string): Secret {
  return Secret.of(Buffer.from(text, 'utf8'))
}
