/**
 * The newest messages of one or several conversations, as one would have seen them come.
 *
 * @module
 */
import type { Gap, Message, Position } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'

/** How many messages of a conversation are held at a time. */
const PAGE = 256

/**
 * The newest messages of these conversations together, the oldest of them first.
 *
 * It reads twice: back in time, to learn how many of them each conversation has, and forward, to give them. So it holds
 * only a page of each conversation, however many messages are asked for.
 *
 * @param limit - How many at most; gaps count.
 */
export function* newest(store: Store, names: readonly string[], limit: number): Generator<Message | Gap> {
  const pasts = names.map((name) => new Past(store, name))
  const counts = new Map<string, number>()
  const back = pasts.map((past) => past.back())
  for (const { contact } of merge(back, BACK).take(limit)) counts.set(contact, (counts.get(contact) ?? 0) + 1)
  const forth = pasts.map((past) => past.forth(counts.get(past.name) ?? 0))
  yield* merge(forth, FORTH)
}

/** A conversation that is read back from its end and then forward to that same end, whatever is added meanwhile. */
class Past {
  readonly name: string
  readonly #store: Store
  /** Just behind the newest message of each page, the newest page first. */
  readonly #ends: Position[] = []

  constructor(store: Store, name: string) {
    this.#store = store
    this.name = name
  }

  *back(): Generator<Message | Gap> {
    for (let before: Position | undefined; ; ) {
      const page = this.#store.history(this.name, { before, limit: PAGE })
      const [first] = page
      if (first === undefined) return
      this.#ends.push({ batch: first.position.batch, index: first.position.index + 1 })
      before = page.at(-1)?.position
      yield* page
    }
  }

  /** The newest so many of those that {@link back} has given. */
  *forth(count: number): Generator<Message | Gap> {
    for (let page = Math.ceil(count / PAGE) - 1; page >= 0; page -= 1) {
      const limit = Math.min(PAGE, count - page * PAGE)
      yield* this.#store.history(this.name, { before: this.#ends[page], limit }).reverse()
    }
  }
}

const BACK = -1
const FORTH = 1

/** Conversations as one, in the order of time. Where some are read at once, a gap stays beside its neighbour. */
function* merge(
  conversations: readonly Iterator<Message | Gap>[],
  direction: typeof BACK | typeof FORTH,
): Generator<Message | Gap> {
  const heads = conversations.map((rest) => ({ rest, next: rest.next().value as Message | Gap | undefined }))
  const rank = (entry: Message | Gap): number => {
    return entry.kind === 'gap' ? Number.NEGATIVE_INFINITY : direction * entry.storedAt.getTime()
  }
  for (;;) {
    let first: { rest: Iterator<Message | Gap>; next: Message | Gap | undefined } | undefined
    for (const head of heads) {
      if (head.next === undefined) continue
      if (first?.next === undefined || rank(head.next) < rank(first.next)) first = head
    }
    if (first?.next === undefined) return
    yield first.next
    first.next = first.rest.next().value as Message | Gap | undefined
  }
}
