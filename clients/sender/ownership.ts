/**
 * Who owns the profile's conversations while a `sotto send` runs: this process, if no other does. It gives way to a chat
 * or a receive that starts, and takes over from an owner that goes away.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import { isReceived, tryLockForSending } from '../profile/process-locks.ts'
import { postThroughOwner } from '../profile/talking.ts'
import type { LockHolder, LockHolderOptions } from './lock-holder.ts'

export type OwnershipOptions = Omit<LockHolderOptions, 'lock' | 'directory'>

/** How long one owner may take to end and the next to begin, in milliseconds. */
const BETWEEN_OWNERS_MS = 15_000

/** How often it is looked meanwhile whether there is one that answers, in milliseconds. */
const LOOK_EVERY_MS = 50

export class Ownership {
  readonly #options: OwnershipOptions
  #lockHolder: LockHolder | undefined
  #takingOver: Promise<void> | undefined

  constructor(options: OwnershipOptions) {
    this.#options = options
  }

  /** The conversations; undefined while another process owns them. */
  get lockHolder(): LockHolder | undefined {
    return this.#lockHolder
  }

  /** Become the owner, unless there is one. */
  async takeOver(): Promise<void> {
    this.#takingOver ??= this.#takeOver().finally(() => {
      this.#takingOver = undefined
    })
    await this.#takingOver
  }

  async #takeOver(): Promise<void> {
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

  /**
   * Have the owner, whoever it is, leave what waits for the contact at their mailbox, or see that it could be left there,
   * where nothing waits. Where the owner ends before it has, the next one does: this process, if no other is quicker.
   *
   * @returns whether all of it has gone.
   * @throws SottoError as `Messenger.postNow`; `ERR_UNAVAILABLE` if the owner does not answer; the signal's reason.
   */
  async postNow(signal: AbortSignal): Promise<boolean> {
    const { running, to, onMoved } = this.#options
    const { local: clock } = running.clock
    const untilMs = clock.monotonicMs() + BETWEEN_OWNERS_MS
    for (;;) {
      const isPosted = (await this.#postHere()) ?? (await postThroughOwner(running.profile, to, signal))
      if (isPosted !== undefined) return isPosted
      if (clock.monotonicMs() >= untilMs) throw unanswered()
      await pause(LOOK_EVERY_MS, undefined, { signal })
      if (await this.follow()) onMoved()
    }
  }

  /** Likewise if the conversations are here; undefined if they are not, or another process has them meanwhile. */
  async #postHere(): Promise<boolean | undefined> {
    const owner = this.#lockHolder
    return await owner?.postNow().catch((error: unknown) => {
      if (this.#lockHolder === owner) throw error
      return undefined
    })
  }

  /** Let another process have the conversations, if they are here. */
  async handOver(reason: CloseReason): Promise<void> {
    await this.#takingOver?.catch(() => undefined)
    const owner = this.#lockHolder
    this.#lockHolder = undefined
    await owner?.stop(reason)
  }
}

function unanswered(): SottoError {
  return new SottoError('ERR_UNAVAILABLE', 'another command of this profile, which sends for it, does not answer', {
    hint: 'end that one, or wait until it has ended',
  })
}
