/**
 * The link to the directory, wherever that is now and by whichever authority it is trusted: a host may move the one and
 * replace the other, and only Auth says where to and by which.
 *
 * @module
 */
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { addressOfHost } from '#lib/runtime/network/host-address.ts'
import { LOOPBACK } from '#lib/runtime/network/ranges.ts'
import type { Profile } from '../profile/profile.ts'
import type { Account } from '../profile/state.ts'
import { connectAuth, getServerInfo, type Installation } from './login.ts'

/** How long Auth has to say where the directory is, in milliseconds: whoever waits would rather hear that it is away. */
const FOLLOW_TIMEOUT_MS = 3_000

/** How often a client that stays online asks Auth what has changed, in milliseconds: once a day. */
const LEARN_INTERVAL_MS = 86_400_000

/** How long it waits where Auth did not answer, in milliseconds. */
const LEARN_RETRY_MS = 3_600_000

/** What a link has learnt from Auth, to be kept. */
export interface Learnt extends Installation {
  readonly learntAtMs: number
}

export class DirectoryLink {
  readonly #account: Account
  readonly #onLearnt: ((learnt: Learnt) => Promise<void>) | undefined
  readonly #closed = new AbortController()
  #address: string
  #authorityPem: string
  /** When Auth is to be asked next, by this machine's clock. */
  #learnAtMs: number
  #connection: Connection<typeof DirectoryServiceService>

  /** @param onLearnt - Keeps what Auth has told. */
  constructor(account: Account, onLearnt?: (learnt: Learnt) => Promise<void>) {
    this.#account = account
    this.#onLearnt = onLearnt
    this.#address = account.directoryAddress
    this.#authorityPem = account.authorityPem
    this.#learnAtMs = (account.learntAtMs ?? 0) + LEARN_INTERVAL_MS
    this.#connection = connect(DirectoryServiceService, { address: this.#address, security: this.#security() })
  }

  /** What can be called there. */
  get call(): Connection<typeof DirectoryServiceService>['call'] {
    return this.#connection.call
  }

  /**
   * Call the directory, and once more if it does not answer and Auth says that it is elsewhere.
   *
   * @throws SottoError as the call does.
   */
  async ask<T>(call: (calls: DirectoryLink['call']) => Promise<T>, signal: AbortSignal): Promise<T> {
    const address = this.#address
    try {
      return await call(this.call)
    } catch (error) {
      if (!(await this.#isWorthRepeating(error, address, signal))) throw error
      return await call(this.call)
    }
  }

  /** Whether the directory is on this machine, by its address. */
  async isOnThisMachine(): Promise<boolean> {
    return LOOPBACK.has(await addressOfHost(parseAddress(this.#address).host))
  }

  /** Whether a call that failed at an address may be answered at another. */
  async #isWorthRepeating(error: unknown, address: string, signal: AbortSignal): Promise<boolean> {
    const isAway = isSottoError(error, 'ERR_UNAVAILABLE')
    // Others have followed the directory meanwhile, and closed the connection behind them.
    if (this.#address !== address) return isAway || isSottoError(error, 'ERR_CHANNEL_CLOSED')
    return isAway && (await this.follow(signal, address))
  }

  /**
   * Ask Auth where the directory is, and go there.
   *
   * @param from - Where it was called; others may have followed it from there meanwhile.
   * @returns whether the link leads elsewhere than that.
   */
  async follow(signal: AbortSignal, from = this.#address): Promise<boolean> {
    const found = await this.#installation(signal)
    if (found !== undefined && found.directoryAddress !== this.#address) {
      this.#connection.close()
      this.#address = found.directoryAddress
      this.#connection = connect(DirectoryServiceService, { address: this.#address, security: this.#security() })
    }
    return this.#address !== from
  }

  /**
   * Ask Auth once a day, beside whatever goes on: an authority that was replaced is followed long before it ends. Where the
   * directory is to move, that is kept for the next time, since it answers here.
   *
   * @param nowMs - By this machine's clock.
   */
  learnIfDue(nowMs: number): void {
    if (nowMs < this.#learnAtMs) return
    this.#learnAtMs = nowMs + LEARN_RETRY_MS
    void this.#installation(this.#closed.signal, nowMs)
  }

  close(): void {
    this.#closed.abort()
    this.#connection.close()
  }

  /** What Auth says, kept; undefined if it says nothing. */
  async #installation(signal: AbortSignal, nowMs = Date.now()): Promise<Installation | undefined> {
    const auth = connectAuth(this.#account)
    try {
      const limited = AbortSignal.any([signal, this.#closed.signal, AbortSignal.timeout(FOLLOW_TIMEOUT_MS)])
      const found = await getServerInfo(auth, this.#account, limited)
      this.#learnAtMs = nowMs + LEARN_INTERVAL_MS
      if (found.authorityPem !== this.#authorityPem) {
        this.#authorityPem = found.authorityPem
        this.#connection.setSecurity(this.#security())
      }
      await this.#onLearnt?.({ ...found, learntAtMs: nowMs })
      return found
    } catch {
      return undefined
    } finally {
      auth.close()
    }
  }

  #security() {
    return { authorityPem: this.#authorityPem, role: 'directory.sotto' } as const
  }
}

/** Keeps what Auth has told in a profile, for the commands that come after this one. */
export function keepIn(profile: Profile): (learnt: Learnt) => Promise<void> {
  return async (learnt) => {
    await profile.update((state) =>
      state.account === undefined ? state : { ...state, account: { ...state.account, ...learnt } },
    )
  }
}
