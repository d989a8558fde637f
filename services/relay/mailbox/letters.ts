/**
 * The letters that wait, and how many anybody may have waiting.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { Gathering } from '#lib/gathering.ts'
import { takeTurn } from '#lib/runtime/database/dialect.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import { chatWithSelf } from '#lib/shared-errors.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import { checkMailbox, type MailboxOwner } from './prekeys.ts'
import { type MailboxQueries, mailboxQueries } from './queries.ts'
import type { MailboxSchema } from './store.ts'

/** Bytes of the id of a letter that waits. */
export const LETTER_ID_BYTES = 16

/** How much may wait: of letters, and of their bytes. */
export interface LetterLimit {
  readonly letters: number
  readonly bytes: number
}

export interface LetterLimits {
  /** For one receiver, and of one sender. */
  readonly account: LetterLimit
  /** Of one sender for one receiver. */
  readonly pair: LetterLimit
  /** Of one sender for one receiver, whatever the limit of the account: so a crowd cannot shut others out. */
  readonly always: LetterLimit
}

const KIB = 1024
const MIB = 1024 * KIB

export const DEFAULT_LETTER_LIMITS: LetterLimits = {
  account: { letters: 1_000, bytes: 32 * MIB },
  pair: { letters: 64, bytes: 2 * MIB },
  always: { letters: 4, bytes: 64 * KIB },
}

/** The time after which somebody may try again where there is no room, in milliseconds: 15 min. */
const RETRY_AFTER_MS = 15 * 60_000

/** The most letters that are posted in one transaction, and the most acknowledgements that are carried out in one. */
const MAX_POSTED_TOGETHER = 32
const MAX_REMOVED_TOGETHER = 32

/** How many accounts are looked up in one query. */
const ACCOUNTS_PER_QUERY = 500

/** A letter to be kept. */
export interface PostedLetter {
  readonly sender: string
  readonly receiver: MailboxOwner
  /** Encoded. */
  readonly content: Uint8Array
}

/** A letter that waits. */
export interface WaitingLetter {
  /** {@link LETTER_ID_BYTES} bytes. */
  readonly id: Uint8Array
  readonly content: Uint8Array
  readonly postedAtMs: number
}

/** What a receiver has acknowledged. */
interface Removal {
  readonly receiver: string
  readonly ids: readonly Uint8Array[]
}

export class Letters {
  readonly #db: Kysely<MailboxSchema>
  readonly #queries: MailboxQueries
  readonly #limits: LetterLimits
  readonly #nowMs: () => number
  readonly #posting = new Gathering<PostedLetter, SottoError | undefined>({
    most: MAX_POSTED_TOGETHER,
    ask: (letters) => this.#postAll(letters),
  })
  readonly #removing = new Gathering<Removal, undefined>({
    most: MAX_REMOVED_TOGETHER,
    ask: (removals) => this.#removeAll(removals),
  })

  constructor(db: Kysely<MailboxSchema>, limits: LetterLimits, nowMs: () => number) {
    this.#db = db
    this.#queries = mailboxQueries(db)
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /**
   * Keep a letter. It is on the disk when this resolves.
   *
   * @throws SottoError `ERR_NO_MAILBOX` if the receiver has none for this session; `ERR_BUSY` if there is no room;
   *   `ERR_CHAT_WITH_SELF`.
   */
  async post(letter: PostedLetter): Promise<void> {
    if (letter.sender === letter.receiver.account) throw chatWithSelf()
    const refusal = await this.#posting.ask(letter)
    if (refusal !== undefined) throw refusal
  }

  /** Keep letters in one transaction, and so with one flush. @returns in their order why one is not kept. */
  async #postAll(letters: readonly PostedLetter[]): Promise<(SottoError | undefined)[]> {
    return await inTransaction(this.#db, async (transaction) => {
      // In the order of names, so that two transactions at once never wait for each other.
      const names = letters.flatMap(({ sender, receiver }) => [sender, receiver.account])
      for (const name of [...new Set(names)].sort()) await takeTurn(transaction, `mailbox of ${name}`)
      const refusals: (SottoError | undefined)[] = []
      for (const letter of letters) refusals.push(await this.#postOne(transaction, letter))
      return refusals
    })
  }

  async #postOne(
    transaction: Transaction<MailboxSchema>,
    { sender, receiver, content }: PostedLetter,
  ): Promise<SottoError | undefined> {
    try {
      await checkMailbox(this.#queries, transaction, receiver)
      await this.#checkRoom(transaction, sender, receiver.account, content.length)
    } catch (refusal) {
      if (isSottoError(refusal)) return refusal
      throw refusal
    }
    const id = randomBytes(LETTER_ID_BYTES)
    const kept = [receiver.account, sender, content.length, content, this.#nowMs()]
    await this.#queries.insertLetter(transaction, id, ...kept)
    return undefined
  }

  /** @throws SottoError `ERR_BUSY`. */
  async #checkRoom(
    transaction: Transaction<MailboxSchema>,
    sender: string,
    receiver: string,
    bytes: number,
  ): Promise<void> {
    const { account, pair, always } = this.#limits
    const [counted] = await this.#queries.countPair(transaction, receiver, sender)
    const ofPair = limitOf(counted)
    if (!hasRoom(ofPair, pair, bytes)) throw noRoom('too many letters of this sender wait for the receiver')
    if (hasRoom(ofPair, always, bytes)) return
    if (!hasRoom(await countOf(transaction, { receiver }), account, bytes)) {
      throw noRoom('too many letters wait for the receiver')
    }
    if (!hasRoom(await countOf(transaction, { sender }), account, bytes)) {
      throw noRoom('too many letters of this sender wait')
    }
  }

  /** The next letters for somebody, the oldest first. @param after - The last of those before; undefined to begin. */
  async page(receiver: string, after: WaitingLetter | undefined, limit: number): Promise<WaitingLetter[]> {
    const query = this.#db
      .selectFrom('letter')
      .select(['id', 'content', 'posted_at'])
      .where('receiver', '=', receiver)
      .where('posted_at', '>', this.#nowMs() - LETTER_LIFETIME_MS)
    const rest = after && sql<boolean>`(posted_at, id) > (${after.postedAtMs}, ${after.id})`
    const rows = await (rest ? query.where(rest) : query).orderBy('posted_at').orderBy('id').limit(limit).execute()
    return rows.map(({ id, content, posted_at }) => ({ id, content, postedAtMs: posted_at }))
  }

  /** Those of the accounts for whom letters wait. */
  async receiversAmong(accounts: readonly string[]): Promise<string[]> {
    const receivers: string[] = []
    for (let begin = 0; begin < accounts.length; begin += ACCOUNTS_PER_QUERY) {
      const rows = await this.#db
        .selectFrom('letter')
        .select('receiver')
        .distinct()
        .where('receiver', 'in', accounts.slice(begin, begin + ACCOUNTS_PER_QUERY))
        .execute()
      receivers.push(...rows.map(({ receiver }) => receiver))
    }
    return receivers
  }

  /** Delete letters of somebody that they have acknowledged. Unknown ids change nothing. */
  async remove(receiver: string, ids: readonly Uint8Array[]): Promise<void> {
    if (ids.length > 0) await this.#removing.ask({ receiver, ids })
  }

  /** Delete letters in one transaction, and so with one flush. */
  async #removeAll(removals: readonly Removal[]): Promise<undefined[]> {
    await inTransaction(this.#db, async (transaction) => {
      for (const { receiver, ids } of removals) {
        await transaction.deleteFrom('letter').where('receiver', '=', receiver).where('id', 'in', ids).execute()
      }
    })
    return removals.map(() => undefined)
  }

  /** How many letters wait, of everybody together. */
  async size(): Promise<LetterLimit> {
    return await countOf(this.#db, {})
  }

  /** Delete what nobody can open any more. */
  async purge(): Promise<void> {
    await inTransaction(this.#db, async (transaction) => {
      await takeTurn(transaction, 'letter purge')
      const over = this.#nowMs() - LETTER_LIFETIME_MS
      await transaction.deleteFrom('letter').where('posted_at', '<=', over).execute()
    })
  }
}

async function countOf(
  db: Kysely<MailboxSchema>,
  { receiver, sender }: { readonly receiver?: string; readonly sender?: string },
): Promise<LetterLimit> {
  let query = db.selectFrom('letter')
  if (receiver !== undefined) query = query.where('receiver', '=', receiver)
  if (sender !== undefined) query = query.where('sender', '=', sender)
  const row = await query
    .select(({ fn }) => [fn.countAll<number>().as('letters'), fn.sum<number | null>('bytes').as('bytes')])
    .executeTakeFirstOrThrow()
  return limitOf(row)
}

/** What was counted, as numbers: PostgreSQL gives sums as text. */
function limitOf(row?: { readonly letters: number; readonly bytes: number | null }): LetterLimit {
  return { letters: Number(row?.letters ?? 0), bytes: Number(row?.bytes ?? 0) }
}

function hasRoom(waiting: LetterLimit, limit: LetterLimit, bytes: number): boolean {
  return waiting.letters < limit.letters && waiting.bytes + bytes <= limit.bytes
}

function noRoom(message: string): SottoError {
  return new SottoError('ERR_BUSY', message, {
    retryAfterMs: RETRY_AFTER_MS,
    hint: 'it waits with its writer until there is room, or both are online',
  })
}
