/**
 * What becomes of each letter, and of each prekey, of a call that is about several, as its answer says it.
 *
 * @module
 */
import { PostRefusal, type PostResult, PrekeyRefusal, type PrekeyResult } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { type ErrorCode, isSottoError, type SottoError } from '#lib/errors.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { toRetryDelay } from '#lib/rpc/retry-delay.ts'

const POST_REFUSALS: Readonly<Partial<Record<ErrorCode, PostRefusal>>> = {
  ERR_NO_MAILBOX: PostRefusal.NO_MAILBOX,
  ERR_CHAT_WITH_SELF: PostRefusal.WITH_SELF,
  ERR_BUSY: PostRefusal.BUSY,
}

const PREKEY_REFUSALS: Readonly<Partial<Record<ErrorCode, PrekeyRefusal>>> = {
  ERR_NO_MAILBOX: PrekeyRefusal.NO_MAILBOX,
}

/** What the answer says of a letter. @throws what is no matter of this letter, but of all that is asked for. */
export async function postResultOf(posting: Promise<void>): Promise<PostResult> {
  try {
    await posting
    return { result: { $case: 'posted', value: {} } }
  } catch (error) {
    const { refusal: reason, retryAfterMs } = refusalIn(POST_REFUSALS, error)
    const retryDelay = retryAfterMs === undefined ? undefined : toRetryDelay(retryAfterMs)
    return { result: { $case: 'refused', value: { reason, retryDelay } } }
  }
}

/** What the answer says of a prekey that was asked for. @throws as {@link postResultOf}. */
export async function prekeyResultOf(taking: Promise<Prekey>): Promise<PrekeyResult> {
  try {
    const { prekeyId, publicKey, encapsulationKey } = await taking
    const value = {
      prekeyId: Buffer.from(prekeyId),
      publicKey: Buffer.from(publicKey),
      encapsulationKey: Buffer.from(encapsulationKey),
    }
    return { result: { $case: 'prekey', value } }
  } catch (error) {
    return { result: { $case: 'refusal', value: refusalIn(PREKEY_REFUSALS, error).refusal } }
  }
}

function refusalIn<Refusal>(
  refusals: Readonly<Partial<Record<ErrorCode, Refusal>>>,
  error: unknown,
): { readonly refusal: Refusal } & Pick<SottoError, 'retryAfterMs'> {
  const refusal = isSottoError(error) ? refusals[error.code] : undefined
  if (!isSottoError(error) || refusal === undefined) throw error
  return { refusal, retryAfterMs: error.retryAfterMs }
}
