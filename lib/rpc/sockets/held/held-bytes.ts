/**
 * What the callers of a server make it hold, budgeted in bytes: the requests that nobody has taken yet, wherever they wait,
 * and the calls that they belong to. There is a budget for each connection, each account, each network, and all.
 *
 * Numbers of connections, calls and bytes have limits of their own, but their product is more than any machine has. Where a
 * budget is exceeded a call has to go: the largest, of the connection that holds most, of the network that holds most. So
 * who holds little is left alone, whatever the others do.
 *
 * @module
 */
import { Budget, type Evictable, type Part } from './budget.ts'

export interface HeldLimits {
  /** What all may hold, in bytes. */
  readonly totalBytes: number
  /** What those of one network may hold, as {@link networkOf} has it. */
  readonly networkBytes: number
  /** What all calls of one account may hold, over whichever connections. */
  readonly accountBytes: number
  /** What the calls of one connection may hold. */
  readonly connectionBytes: number
}

/**
 * What an open call counts beside its request, in bytes. Measured: 1,800 calls of which nothing has come yet add 8 KiB each to
 * the heap of a service, and 13 KiB to its resident memory.
 */
export const CALL_BYTES = 12 * 1024

export class HeldBytes {
  readonly #limits: HeldLimits
  readonly #all: Budget
  readonly #networks = new Map<string, Budget>()
  readonly #accounts = new Map<string, Budget>()

  constructor(limits: HeldLimits) {
    this.#limits = limits
    this.#all = new Budget(limits.totalBytes)
  }

  /** What is held now, in bytes. */
  get bytes(): number {
    return this.#all.bytes
  }

  /** A connection is open. */
  connect(network: string): HeldByConnection {
    const { networkBytes, connectionBytes } = this.#limits
    const ofNetwork = this.#open(this.#networks, network, networkBytes)
    if (ofNetwork.isEmpty) this.#all.join(ofNetwork)
    const own = new Budget(connectionBytes)
    ofNetwork.join(own)
    const owner: Owner = { account: undefined }
    return {
      begin: (onEvicted) => new HeldCall([own, ofNetwork, this.#all], { onEvicted, owner, held: this }),
      close: () => {
        own.end()
        ofNetwork.leave(own)
        if (!ofNetwork.isEmpty) return
        this.#all.leave(ofNetwork)
        this.#networks.delete(network)
      },
    }
  }

  /** A call is of this account. */
  joinAccount(account: string, call: HeldCall): Budget {
    const budget = this.#open(this.#accounts, account, this.#limits.accountBytes)
    budget.join(call)
    return budget
  }

  /** It is over. */
  leaveAccount(account: string, call: HeldCall): void {
    const budget = this.#accounts.get(account)
    budget?.leave(call)
    if (budget?.isEmpty) this.#accounts.delete(account)
  }

  #open(budgets: Map<string, Budget>, key: string, most: number): Budget {
    const budget = budgets.get(key) ?? new Budget(most)
    budgets.set(key, budget)
    return budget
  }
}

/** What the calls of a connection hold. */
export interface HeldByConnection {
  /** A call begins. @param onEvicted - It has to go. It counts no more by then. */
  begin(onEvicted: () => void): HeldCall
  /** The connection is closed, and so are its calls, of which the library may hear later. */
  close(): void
}

/** Whose the calls of a connection are: of the first account over it, also those that show none. */
interface Owner {
  account: string | undefined
}

interface HeldCallOptions {
  readonly onEvicted: () => void
  readonly owner: Owner
  readonly held: Pick<HeldBytes, 'joinAccount' | 'leaveAccount'>
}

/** What one call holds. */
export class HeldCall implements Part, Evictable {
  /** The connection's, the network's, all; and the account's once that is known. */
  readonly #budgets: Budget[]
  readonly #options: HeldCallOptions
  #account: string | undefined
  #isOver = false
  bytes = 0

  constructor(budgets: readonly [Budget, ...Budget[]], options: HeldCallOptions) {
    this.#budgets = [...budgets]
    this.#options = options
    budgets[0].join(this)
    this.#joinAccount(options.owner.account)
    this.add(CALL_BYTES)
  }

  /** It holds so much more, or less. Others may have to go for it, or it itself. */
  add(bytes: number): void {
    if (this.#isOver) return
    this.bytes += bytes
    for (const budget of this.#budgets) budget.bytes += bytes
    if (bytes > 0) this.#makeRoom()
  }

  /** It is a call of this account, unless somebody else was let in before over its connection. */
  countFor(account: string): void {
    this.#options.owner.account ??= account
    if (this.#isOver || this.#account !== undefined) return
    this.#joinAccount(account)
    this.#makeRoom()
  }

  /** Nothing of it is held any more. Harmless the second time. */
  end(): void {
    if (this.#isOver) return
    this.add(-this.bytes)
    this.#isOver = true
    this.#budgets[0]?.leave(this)
    if (this.#account !== undefined) this.#options.held.leaveAccount(this.#account, this)
  }

  largest(): HeldCall {
    return this
  }

  evict(): void {
    this.end()
    this.#options.onEvicted()
  }

  #joinAccount(account: string | undefined): void {
    if (account === undefined) return
    this.#account = account
    const budget = this.#options.held.joinAccount(account, this)
    budget.bytes += this.bytes
    this.#budgets.push(budget)
  }

  #makeRoom(): void {
    for (const budget of this.#budgets) while (budget.isExceeded) budget.largest()?.evict()
  }
}
