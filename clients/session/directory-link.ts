/**
 * The link to the directory, wherever that is now: a host may move it, and only Auth says where to.
 *
 * @module
 */
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { LOOPBACK } from '#lib/runtime/network/ranges.ts'
import type { Profile } from '../profile/profile.ts'
import type { Account } from '../profile/state.ts'
import { addressOfHost } from './host-address.ts'
import { connectAuth, getServerInfo } from './login.ts'

/** How long Auth has to say where the directory is, in milliseconds: whoever waits would rather hear that it is away. */
const FOLLOW_TIMEOUT_MS = 3_000

export class DirectoryLink {
  readonly #account: Account
  readonly #onMoved: ((directoryAddress: string) => Promise<void>) | undefined
  #address: string
  #connection: Connection<typeof DirectoryServiceService>

  /** @param onMoved - Keeps the new address. */
  constructor(account: Account, onMoved?: (directoryAddress: string) => Promise<void>) {
    this.#account = account
    this.#onMoved = onMoved
    this.#address = account.directoryAddress
    this.#connection = this.#connect()
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
    try {
      return await call(this.call)
    } catch (error) {
      if (!isSottoError(error, 'ERR_UNAVAILABLE') || !(await this.follow(signal))) throw error
      return await call(this.call)
    }
  }

  /** Whether the directory is on this machine, by its address. */
  async isOnThisMachine(): Promise<boolean> {
    return LOOPBACK.has(await addressOfHost(parseAddress(this.#address).host))
  }

  /** Ask Auth where the directory is, and go there. @returns whether that is elsewhere; false if Auth does not say. */
  async follow(signal: AbortSignal): Promise<boolean> {
    const auth = connectAuth(this.#account)
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(FOLLOW_TIMEOUT_MS)])
      const { directoryAddress } = await getServerInfo(auth, this.#account, limited)
      if (directoryAddress === this.#address) return false
      this.#connection.close()
      this.#address = directoryAddress
      this.#connection = this.#connect()
      await this.#onMoved?.(directoryAddress)
      return true
    } catch {
      return false
    } finally {
      auth.close()
    }
  }

  close(): void {
    this.#connection.close()
  }

  #connect(): Connection<typeof DirectoryServiceService> {
    const { authorityPem } = this.#account
    return connect(DirectoryServiceService, {
      address: this.#address,
      security: { authorityPem, role: 'directory.sotto' },
    })
  }
}

/** Keeps an address that Auth has told in a profile, for the commands that come after this one. */
export function keepIn(profile: Profile): (directoryAddress: string) => Promise<void> {
  return async (directoryAddress) => {
    await profile.update((state) =>
      state.account === undefined ? state : { ...state, account: { ...state.account, directoryAddress } },
    )
  }
}
