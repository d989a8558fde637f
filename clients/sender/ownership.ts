/**
 * Who owns the profile's conversations while a `sotto send` runs: this process, if no other does. It gives way to a chat
 * or a receive that starts, and takes over from an owner that goes away.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { isReceived, tryLockForSending } from '../profile/process-locks.ts'
import type { LockHolder, LockHolderOptions } from './lock-holder.ts'

export type OwnershipOptions = Omit<LockHolderOptions, 'lock' | 'directory'>

export class Ownership {
  readonly #options: OwnershipOptions
  #lockHolder: LockHolder | undefined

  constructor(options: OwnershipOptions) {
    this.#options = options
  }

  /** The conversations; undefined while another process owns them. */
  get lockHolder(): LockHolder | undefined {
    return this.#lockHolder
  }

  /** Become the owner, unless there is one. */
  async takeOver(): Promise<void> {
    const { running } = this.#options
    const lock = await tryLockForSending(running.profile)
    if (lock === undefined) return
    try {
      // Loaded here, for with another owner none of it is needed.
      const { LockHolder } = await import('./lock-holder.ts')
      const directory = await running.connect()
      this.#lockHolder = new LockHolder({ ...this.#options, directory, lock })
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Take over from an owner that has gone, or give way to one that wants to receive. @returns whether the owner changed. */
  async follow(): Promise<boolean> {
    if (this.#lockHolder === undefined) {
      await this.takeOver()
      this.lockHolder?.keep()
      return this.lockHolder !== undefined
    }
    if (!isReceived(this.#options.running.profile)) return false
    await this.handOver(CloseReason.SHUTDOWN)
    return true
  }

  /** Let another process have the conversations, if they are here. */
  async handOver(reason: CloseReason): Promise<void> {
    const owner = this.#lockHolder
    this.#lockHolder = undefined
    await owner?.stop(reason)
  }
}
