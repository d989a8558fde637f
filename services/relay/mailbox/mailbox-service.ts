/**
 * MailboxService: proto/sotto/relay/v1 says what each call does and who may make it.
 *
 * @module
 */
import type {
  CollectRequest,
  CollectResponse,
  MailboxServiceService,
  PostLettersRequest,
  PostLettersResponse,
  PutPrekeysRequest,
  PutPrekeysResponse,
  TakePrekeysRequest,
  TakePrekeysResponse,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { CallContext, Duplex, Handlers } from '#lib/rpc/service.ts'
import type { Letters, WaitingLetter } from './letters.ts'
import type { MailboxOwner, Prekeys } from './prekeys.ts'
import { postResultOf, prekeyResultOf } from './results.ts'
import {
  checkCollectRequest,
  checkPostLettersRequest,
  checkPutPrekeysRequest,
  checkTakePrekeysRequest,
} from './validation.ts'

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
  /** Tells who calls. @throws SottoError as Authentications.authenticate. */
  readonly authenticate: (context: CallContext) => Promise<MailboxCaller>
  /** A letter came for somebody. */
  readonly onPosted?: (account: string) => void
}

export function createMailboxService(options: MailboxServiceOptions): Handlers<typeof MailboxServiceService> {
  const { prekeys, letters, onPosted } = options
  /** The Collect of each account that is open. */
  const collecting = new Map<string, AbortController>()

  /** @param calls - As how many it counts. */
  async function authenticate(context: CallContext, calls?: number): Promise<MailboxCaller> {
    const caller = await options.authenticate(context)
    context.caller.admit()
    context.countFor(caller.account, calls)
    return caller
  }

  async function putPrekeys(request: PutPrekeysRequest, context: CallContext): Promise<PutPrekeysResponse> {
    checkPutPrekeysRequest(request)
    const caller = await authenticate(context)
    const { prekeyIds, lastResortId = NONE } = await prekeys.put(caller, request)
    return { prekeyIds: prekeyIds.map((id) => Buffer.from(id)), lastResortId: Buffer.from(lastResortId) }
  }

  // Those of a call come together, and so share a transaction.

  async function takePrekeys(request: TakePrekeysRequest, context: CallContext): Promise<TakePrekeysResponse> {
    checkTakePrekeysRequest(request)
    const { receivers } = request
    const { account: taker } = await authenticate(context, receivers.length)
    const takings = receivers.map(({ username: account, sessionId }) => {
      return prekeyResultOf(prekeys.take({ account, sessionId }, taker))
    })
    return { results: await Promise.all(takings) }
  }

  async function postLetters(request: PostLettersRequest, context: CallContext): Promise<PostLettersResponse> {
    checkPostLettersRequest(request)
    const { letters: posted } = request
    const { account: sender } = await authenticate(context, posted.length)
    const postings = posted.map(({ username: account, sessionId, letter: content }) => {
      return postResultOf(letters.post({ sender, receiver: { account, sessionId }, content }))
    })
    const results = await Promise.all(postings)
    const receivers = posted.filter((_, index) => results[index]?.result?.$case === 'posted')
    for (const { username } of receivers) onPosted?.(username)
    return { results }
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

  return { putPrekeys, takePrekeys, postLetters, collect }
}

const NONE = new Uint8Array(0)

function replaced(): SottoError {
  return new SottoError('ERR_ANNOUNCE_REPLACED', 'a newer Collect of this account took its place')
}
