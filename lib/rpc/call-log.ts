/**
 * What is noted of each call when it is over: a line in the log, and word to whoever counts.
 *
 * @module
 */
import { Code } from '#gen/google/rpc/code.ts'
import { type ErrorCode, isSottoError } from '../errors.ts'
import type { Logger } from '../runtime/log.ts'
import { CALLS, type CallEvent } from '../runtime/metrics/call-events.ts'
import { isFault } from './status.ts'
import { statusName } from './status-table.ts'

/**
 * Calls that come by themselves, all day long, and those that carry conversations or letters of several people, each of
 * which has a line of its own: logged at `debug` when all is well.
 */
const ROUTINE_CALLS =
  /^\/(grpc\.(health|reflection|channelz)\.|sotto\.sealing\.v1\.SealingService\/Seal(Chats|Letters)$)/

export interface FinishedCall {
  /** The method's path. */
  readonly path: string
  readonly remoteAddress: string
  /** The status that the caller got. */
  readonly status: Code
  readonly durationMs: number
  /** The error that the handler threw, or that ended the call; undefined if all went well. */
  readonly failure: unknown
  /** The account that it is about, where the handler has said it. */
  readonly account: string | undefined
}

/** What is wrong with this machine and not with the program: each call may meet it, and a stack tells nothing of it. */
const SELF_EXPLAINING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_STORE', 'ERR_SERVER_DISK_FULL'])

/** Note that a call is over. A fault of ours is logged here, once, with its cause. A refusal is no fault, and has its own code also where the caller learns another. */
export function logCall(
  log: Logger,
  { path, remoteAddress, status, durationMs, failure, account }: FinishedCall,
): void {
  if (CALLS.hasSubscribers) {
    const reason = isSottoError(failure) ? failure.code : failure === undefined ? '' : 'ERR_INTERNAL'
    CALLS.publish({
      method: path.slice(1),
      status: statusName(status),
      reason,
      seconds: durationMs / 1_000,
    } satisfies CallEvent)
  }
  const fields = {
    rpc: path.slice(1),
    peer: remoteAddress,
    status: statusName(status),
    durationMs: Math.round(durationMs * 100) / 100,
    ...(account !== undefined && { account }),
    ...(isSottoError(failure) && { code: failure.code }),
  }
  if (isSottoError(failure) && !isFault(failure, path)) log.info({ ...fields, reason: failure.message }, 'call refused')
  else if (isSottoError(failure) && SELF_EXPLAINING.has(failure.code)) {
    log.error({ ...fields, reason: failure.message }, 'call failed')
  } else if (failure !== undefined) log.error({ ...fields, err: failure }, 'call failed')
  else if (status === Code.OK && ROUTINE_CALLS.test(path)) log.debug(fields, 'call')
  else log.info(fields, 'call')
}
