/**
 * Letters that are asked for together, each sealed or refused by itself.
 *
 * @module
 */
import { LetterRefusal, type LetterResult, type LetterToSeal } from '#gen/sotto/sealing/v1/sealing_service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { isSame } from '#lib/same-bytes.ts'
import { Secret } from '#lib/secret.ts'
import type { Accounts } from '../accounts.ts'
import type { Session } from '../sessions/session-rows.ts'
import type { Sessions } from '../sessions.ts'
import { sealLetter } from './seal-letter.ts'

type Result = LetterResult['result']

interface LetterOptions {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Logger
  /** 32 bytes. */
  readonly realm: Uint8Array
}

/** Seal letters. @returns in their order what became of each, with the sender's name where it is known. */
export async function sealLetters(
  letters: readonly LetterToSeal[],
  options: LetterOptions,
): Promise<{ readonly result: Result; readonly account: string | undefined }[]> {
  const senders = await options.sessions.useAll(letters.map(({ senderBearer }) => Secret.of(senderBearer)))
  return await Promise.all(
    letters.map(async (letter, index) => {
      return { result: await resultOf(letter, senders[index], options), account: senders[index]?.name }
    }),
  )
}

/** What becomes of one letter: whatever that is, the others of its call get theirs. */
async function resultOf(letter: LetterToSeal, sender: Session | undefined, options: LetterOptions): Promise<Result> {
  const { accounts, sessions, clock, log, realm } = options
  try {
    if (sender === undefined) return refused(LetterRefusal.SENDER_SESSION_ENDED)
    const receiver = await sessions.findNewestOf(letter.receiverName)
    if (receiver === undefined) {
      const isThere = await accounts.exists(letter.receiverName)
      return refused(isThere ? LetterRefusal.NO_MAILBOX : LetterRefusal.NO_SUCH_USER)
    }
    if (isSame(sender.accountId, receiver.accountId)) return refused(LetterRefusal.WITH_SELF)
    const value = sealLetter({
      realm,
      receiver: { session: receiver, key: sessions.unwrap(receiver, 'ticket') },
      sender: { session: sender, key: sessions.unwrap(sender, 'grant') },
      nonce: letter.nonce,
      nowMs: clock.now().getTime(),
    })
    return { $case: 'sealed', value }
  } catch (error) {
    log.error({ requestId: letter.requestId, err: error }, 'a letter could not be sealed')
    return refused(LetterRefusal.UNSPECIFIED)
  }
}

function refused(value: LetterRefusal): Result {
  return { $case: 'refusal', value }
}
