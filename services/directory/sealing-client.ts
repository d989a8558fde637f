/**
 * What the directory alone asks Auth: which accounts there are, and tickets for conversations and letters.
 *
 * @module
 */
import {
  ChatRefusal,
  type ChatResult,
  type ChatToSeal,
  LetterRefusal,
  type LetterResult,
  type LetterToSeal,
  type ListAccountsResponse,
  type SealedChat,
  type SealedLetter,
} from '#gen/sotto/sealing/v1/sealing_service.ts'
import { SottoError } from '#lib/errors.ts'
import { Gathering } from '#lib/gathering.ts'
import { MAX_SEALED_TOGETHER } from '#lib/protocol.ts'
import { chatWithSelf, sessionEnded } from '#lib/shared-errors.ts'
import { type AuthClient, brokenContract, type Origin, revealBearer } from '../authentication/auth-client.ts'

/** A conversation that the caller asks for. */
export type ChatRequest = Omit<ChatToSeal, 'senderBearer' | 'requestId'>

/** The signal of what nobody gives up. */
const NEVER = new AbortController().signal

export class SealingClient {
  readonly #auth: Pick<AuthClient, 'ask'>
  readonly #chats = new Gathering<ChatToSeal, ChatResult['result']>({
    most: MAX_SEALED_TOGETHER,
    ask: (chats) => this.#sealChats(chats),
  })
  readonly #letters = new Gathering<LetterToSeal, LetterResult['result']>({
    most: MAX_SEALED_TOGETHER,
    ask: (letters) => this.#sealLetters(letters),
  })

  constructor(auth: Pick<AuthClient, 'ask'>) {
    this.#auth = auth
  }

  /**
   * Make sure that an account exists.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`; as {@link AuthClient.ask}.
   */
  async findAccount(origin: Origin, username: string): Promise<void> {
    await this.#auth.ask(origin, (call, options) => call.findAccount({ username }, options))
  }

  /**
   * List accounts, for a caller who is signed in.
   *
   * @throws SottoError `ERR_SESSION_ENDED`, `ERR_TURNED_OFF`; as {@link AuthClient.ask}.
   */
  async listAccounts(
    origin: Origin,
    page: { readonly prefix: string; readonly pageSize: number; readonly after: string },
  ): Promise<ListAccountsResponse> {
    const directoryBearer = revealBearer(origin.bearer)
    return await this.#auth.ask(origin, (call, options) => call.listAccounts({ directoryBearer, ...page }, options))
  }

  /**
   * Have a conversation's secret minted and sealed for both ends.
   *
   * @throws SottoError `ERR_SESSION_ENDED` for the caller's session, `ERR_NOT_ONLINE` for the receiver's;
   *   `ERR_CHAT_WITH_SELF`; `ERR_INTERNAL` where Auth could not seal it; as {@link AuthClient.ask}.
   */
  async sealChat({ bearer, requestId }: Origin, request: ChatRequest): Promise<SealedChat> {
    const result = await this.#chats.ask({ ...request, senderBearer: revealBearer(bearer), requestId })
    if (result?.$case === 'sealed') return result.value
    throw errorForChat(result?.value, requestId)
  }

  /**
   * Have a letter's secret minted and sealed for both ends.
   *
   * @throws SottoError `ERR_SESSION_ENDED`, `ERR_NO_SUCH_USER`, `ERR_NO_MAILBOX`, `ERR_CHAT_WITH_SELF`;
   *   `ERR_INTERNAL` where Auth could not seal it; as {@link AuthClient.ask}.
   */
  async sealLetter({ bearer, requestId }: Origin, receiverName: string, nonce: Buffer): Promise<SealedLetter> {
    const letter = { senderBearer: revealBearer(bearer), receiverName, nonce, requestId }
    const result = await this.#letters.ask(letter)
    if (result?.$case === 'sealed') return result.value
    throw errorForLetter(result?.value, requestId)
  }

  async #sealLetters(letters: readonly LetterToSeal[]): Promise<readonly LetterResult['result'][]> {
    const { results } = await this.#auth.ask(originOfAll(letters), (call, options) =>
      call.sealLetters({ letters: [...letters] }, options),
    )
    return resultsOf(letters, results)
  }

  async #sealChats(chats: readonly ChatToSeal[]): Promise<readonly ChatResult['result'][]> {
    const { results } = await this.#auth.ask(originOfAll(chats), (call, options) =>
      call.sealChats({ chats: [...chats] }, options),
    )
    return resultsOf(chats, results)
  }
}

/** Whoever has gone away meanwhile is no reason to give the others up. The call goes under the id of the first. */
function originOfAll([first]: readonly { readonly requestId: string }[]) {
  return { signal: NEVER, ...(first && { requestId: first.requestId }) }
}

/** The results, of which there must be one for each. */
function resultsOf<Result>(
  asked: readonly unknown[],
  results: readonly { readonly result?: Result }[],
): readonly (Result | undefined)[] {
  if (results.length !== asked.length) throw brokenContract()
  return results.map(({ result }) => result)
}

/** What the caller is told who asked for a conversation that Auth has not sealed. */
function errorForChat(refusal: ChatRefusal | undefined, requestId: string): SottoError {
  switch (refusal) {
    case ChatRefusal.SENDER_SESSION_ENDED:
      return sessionEnded()
    case ChatRefusal.RECEIVER_SESSION_ENDED:
      return new SottoError('ERR_NOT_ONLINE', "the receiver's session has ended", {
        hint: 'try again when they are back',
      })
    case ChatRefusal.WITH_SELF:
      return chatWithSelf()
    default:
      return new SottoError('ERR_INTERNAL', `auth could not seal a conversation: its log says why, under ${requestId}`)
  }
}

/** The same for a letter. */
function errorForLetter(refusal: LetterRefusal | undefined, requestId: string): SottoError {
  switch (refusal) {
    case LetterRefusal.SENDER_SESSION_ENDED:
      return sessionEnded()
    case LetterRefusal.NO_SUCH_USER:
      return new SottoError('ERR_NO_SUCH_USER', 'there is no account of this name', { hint: 'check the name' })
    case LetterRefusal.NO_MAILBOX:
      return new SottoError('ERR_NO_MAILBOX', 'the account is signed in nowhere', {
        hint: 'it waits until they are online',
      })
    case LetterRefusal.WITH_SELF:
      return chatWithSelf()
    default:
      return new SottoError('ERR_INTERNAL', `auth could not seal a letter: its log says why, under ${requestId}`)
  }
}
