/**
 * MailboxService: proto/sotto/relay/v1 says what each call does and who may make it.
 *
 * @module
 */
import type {
  CollectRequest,
  CollectResponse,
  MailboxServiceService,
  PostRequest,
  PostResponse,
  PutPrekeysRequest,
  PutPrekeysResponse,
  TakePrekeyRequest,
  TakePrekeyResponse,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { CallContext, Duplex, Handlers } from '#lib/rpc/service.ts'
import { chatWithSelf } from '#lib/shared-errors.ts'
import type { Letters, WaitingLetter } from './letters.ts'
import type { MailboxOwner, Prekeys } from './prekeys.ts'
import { checkCollectRequest, checkPostRequest, checkPutPrekeysRequest, checkTakePrekeyRequest } from './validation.ts'

/** How many letters are read from the database in one go: 2 MiB at most. */
const LETTERS_PER_PAGE = 32

/** How many acknowledgements of one caller are carried out at once. */
const REMOVALS_AT_ONCE = 32

/** Whose bearer came with a call. */
export interface MailboxCaller extends MailboxOwner {
  /** Aborted when the session is ended before its time, with what the caller is to be told. */
  readonly ended: AbortSignal
}

export interface MailboxServiceOptions {
  readonly prekeys: Prekeys
  readonly letters: Letters
  /** Tells who calls. @throws SottoError `ERR_SESSION_ENDED`, `ERR_UNAVAILABLE`. */
  readonly authenticate: (context: CallContext) => Promise<MailboxCaller>
  /** A letter came for somebody. */
  readonly onPosted?: (account: string) => void
}

export function createMailboxService(options: MailboxServiceOptions): Handlers<typeof MailboxServiceService> {
  const { prekeys, letters, onPosted } = options
  /** The Collect of each account that is open. */
  const collecting = new Map<string, AbortController>()

  async function authenticate(context: CallContext): Promise<MailboxCaller> {
    const caller = await options.authenticate(context)
    context.caller.admit()
    context.countFor(caller.account)
    return caller
  }

  async function putPrekeys(request: PutPrekeysRequest, context: CallContext): Promise<PutPrekeysResponse> {
    checkPutPrekeysRequest(request)
    const caller = await authenticate(context)
    const { prekeyIds, lastResortId = NONE } = await prekeys.put(caller, request)
    return { prekeyIds: prekeyIds.map((id) => Buffer.from(id)), lastResortId: Buffer.from(lastResortId) }
  }

  async function takePrekey(request: TakePrekeyRequest, context: CallContext): Promise<TakePrekeyResponse> {
    checkTakePrekeyRequest(request)
    const { account: taker } = await authenticate(context)
    const { username: account, sessionId } = request
    const { prekeyId, publicKey, encapsulationKey } = await prekeys.take({ account, sessionId }, taker)
    return {
      prekey: {
        prekeyId: Buffer.from(prekeyId),
        publicKey: Buffer.from(publicKey),
        encapsulationKey: Buffer.from(encapsulationKey),
      },
    }
  }

  async function post(request: PostRequest, context: CallContext): Promise<PostResponse> {
    checkPostRequest(request)
    const { account: sender } = await authenticate(context)
    const { username: account, sessionId, letter: content } = request
    if (account === sender) throw chatWithSelf()
    await letters.post({ sender, receiver: { account, sessionId }, content })
    onPosted?.(account)
    return {}
  }

  async function collect(stream: Duplex<CollectRequest, CollectResponse>, context: CallContext): Promise<void> {
    const { account, ended } = await authenticate(context)
    context.caller.settle()
    const own = new AbortController()
    collecting.get(account)?.abort(replaced())
    collecting.set(account, own)
    const over = AbortSignal.any([context.signal, ended, own.signal])
    try {
      await prekeys.forgetTakings(account)
      const { promise: stopped, reject } = Promise.withResolvers<never>()
      // As the signal has fired, nobody may wait for it any more.
      stopped.catch(() => {})
      over.addEventListener('abort', () => reject(over.reason), { once: true })
      over.throwIfAborted()
      await Promise.race([stopped, Promise.all([give(stream, account, over), takeAcknowledgements(stream, account)])])
    } finally {
      if (collecting.get(account) === own) collecting.delete(account)
    }
  }

  /** Send all letters that there are, and then that there are no more. */
  async function give(
    stream: Duplex<CollectRequest, CollectResponse>,
    account: string,
    over: AbortSignal,
  ): Promise<void> {
    let last: WaitingLetter | undefined
    do {
      const page = await letters.page(account, last, LETTERS_PER_PAGE)
      for (const { id, content } of page) {
        over.throwIfAborted()
        await stream.send({ letter: { letterId: Buffer.from(id), letter: Buffer.from(content) } })
      }
      last = page.length === LETTERS_PER_PAGE ? page.at(-1) : undefined
    } while (last !== undefined)
    over.throwIfAborted()
    await stream.send({ letter: undefined })
  }

  /** Delete what the caller acknowledges, until it ends its direction. */
  async function takeAcknowledgements(
    { messages }: Duplex<CollectRequest, CollectResponse>,
    account: string,
  ): Promise<void> {
    let removals: Promise<void>[] = []
    const removed = () => Promise.all(removals)
    // No loop over them: one that is left early cancels the stream, and the caller learns no reason.
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      checkCollectRequest(next.value)
      const removal = letters.remove(account, next.value.letterIds)
      // It is awaited with the others, so that those that come together are removed together.
      removal.catch(() => {})
      removals.push(removal)
      if (removals.length < REMOVALS_AT_ONCE) continue
      await removed()
      removals = []
    }
    await removed()
  }

  return { putPrekeys, takePrekey, post, collect }
}

const NONE = new Uint8Array(0)

function replaced(): SottoError {
  return new SottoError('ERR_ANNOUNCE_REPLACED', 'a newer Collect of this account took its place')
}
