/**
 * What a `sotto send` finds out about the other side before it keeps anything: whether they may be written to, and
 * whether they are there.
 *
 * @module
 */
import type { Running } from '../command/run-command.ts'
import { NOTICES } from '../messenger/notices.ts'
import { mayWrite } from '../profile/permission.ts'
import { refuseChangedKey } from '../profile/pins.ts'

export interface ReachOptions {
  readonly running: Running
  readonly to: string
  /** The thing that it waits for now. */
  readonly onWaiting?: ((forWhat?: string) => void) | undefined
}

/**
 * See that the other side may be written to; in a doubt about their key, once they were called.
 *
 * @returns the words for the user where such a doubt was withdrawn.
 * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH` and whatever else calling them fails with.
 */
export async function permitSending({ running, to, onWaiting }: ReachOptions): Promise<string | undefined> {
  const { profile, clock, output, signal } = running
  const before = (await profile.refresh()).pins.get(to)
  if (before?.changedTo === undefined) {
    await mayWrite(profile, to)
    return undefined
  }
  const calling = {
    ...running,
    directory: await running.connect(),
    trace: output.trace,
    onPinned() {},
    onWaiting: (_name: string, forWhat: string) => onWaiting?.(forWhat),
  }
  const { mayWriteOnceProven } = await import('../peer/may-write.ts')
  await mayWriteOnceProven(calling, to, signal)
  const forMs = before.changedAtMs === undefined ? undefined : clock.local.now().getTime() - before.changedAtMs
  return NOTICES.doubtWithdrawn(to, forMs)
}

/**
 * Ask the directory whether the other side is online, with a key that is no other than the pinned one.
 *
 * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`.
 */
export async function askDirectory({ running, to, onWaiting }: ReachOptions): Promise<void> {
  const { profile, connect, clock, signal } = running
  onWaiting?.('the directory')
  const directory = await connect()
  const { grant } = await directory.requestChat(to, signal)
  await refuseChangedKey(profile, to, grant.receiverIdentityKey, clock.local.now())
}
