/**
 * A mailbox under test on a free port, and callers of it who are known by what their bearers say: Auth has no part.
 *
 * @module
 */
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { drawPrekey, type Prekey } from '#lib/letter/prekey.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import { Secret } from '#lib/secret.ts'
import { sessionEnded } from '#lib/shared-errors.ts'
import { readPosted, readPrekey } from '../../clients/letters/mailbox-results.ts'
import type { LetterLimits } from '../../services/relay/mailbox/letters.ts'
import { type Mailbox, openMailbox } from '../../services/relay/mailbox/open-mailbox.ts'
import { FakeClock } from './clock.ts'
import { bytesOf, randomFrom } from './random.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
import { databaseAt } from './test-database.ts'
import { testLog } from './test-log.ts'

/** Bytes that a message of the relay may have. */
const MAX_RECEIVE_BYTES = 66 * 1024

/** A caller: an account and one of its sessions. */
export interface MailboxUser {
  readonly account: string
  readonly sessionId: Buffer
  readonly bearer: Secret
}

export class MailboxUnderTest implements AsyncDisposable {
  readonly clock: FakeClock
  /** Given in the place of any prekey that somebody takes, if it is set. */
  falsePrekey: Prekey | undefined
  /** The accounts for whom a letter came, in order. */
  readonly posted: string[] = []
  /** For whom each call left letters, in order. */
  readonly postings: string[][] = []
  /** How many prekeys the last answer to each account had. */
  readonly #held = new Map<string, number>()
  readonly #changes = new EventEmitter<{ change: [] }>()
  readonly #users = new Map<string, MailboxUser>()
  readonly #endings = new Map<MailboxUser, AbortController>()
  readonly #folder: TemporaryFolder
  readonly #limits: LetterLimits | undefined
  #mailbox: Mailbox | undefined
  #server: RpcServer | undefined
  #connection: Connection<typeof MailboxServiceService> | undefined

  static async start(limits?: LetterLimits, startMs = Date.UTC(2026, 10, 22)): Promise<MailboxUnderTest> {
    const mailbox = new MailboxUnderTest(await temporaryFolder(), limits, new FakeClock(startMs))
    await mailbox.#start()
    return mailbox
  }

  private constructor(folder: TemporaryFolder, limits: LetterLimits | undefined, clock: FakeClock) {
    this.clock = clock
    this.#folder = folder
    this.#limits = limits
  }

  get call() {
    if (this.#connection === undefined) throw new Error('it is stopped')
    return this.#connection.call
  }

  /** Stop it, and start it anew with what is on its disk. */
  async restart(): Promise<void> {
    await this.#stop()
    await this.#start()
  }

  async #start(): Promise<void> {
    const { log } = testLog()
    this.#mailbox = await openMailbox({
      database: await databaseAt(join(this.#folder.path, 'mailbox.db')),
      clock: this.clock,
      log,
      authenticate: async ({ bearer }) => {
        const user = this.#users.get(textOf(bearer))
        const ending = user && this.#endings.get(user)
        if (user === undefined || ending === undefined || ending.signal.aborted) throw sessionEnded()
        return { ...user, ended: ending.signal }
      },
      onMail: (account) => {
        this.posted.push(account)
        this.#changes.emit('change')
      },
      ...(this.#limits && { limits: this.#limits }),
    })
    this.#server = await startServer({
      services: [serve(MailboxServiceService, this.#watched(this.#mailbox.handlers))],
      host: '127.0.0.1',
      port: 0,
      security: undefined,
      limits: { ...SERVICE_LIMITS, maxReceiveBytes: MAX_RECEIVE_BYTES },
      log,
    })
    this.#connection = connect(MailboxServiceService, {
      address: `127.0.0.1:${this.#server.port}`,
      security: undefined,
    })
  }

  /** The handlers, with those noted who have put down prekeys, and with what a test has it lie about. */
  #watched(handlers: Mailbox['handlers']): Mailbox['handlers'] {
    return {
      ...handlers,
      putPrekeys: async (request, context) => {
        const answer = await handlers.putPrekeys(request, context)
        const account = this.#users.get(textOf(context.bearer))?.account ?? ''
        this.#held.set(account, answer.prekeyIds.length)
        this.#changes.emit('change')
        return answer
      },
      postLetters: async (request, context) => {
        this.postings.push(request.letters.map(({ username }) => username))
        return await handlers.postLetters(request, context)
      },
      takePrekeys: async (request, context) => {
        const answer = await handlers.takePrekeys(request, context)
        if (this.falsePrekey === undefined) return answer
        const result = { $case: 'prekey', value: onWire(this.falsePrekey) } as const
        return { results: answer.results.map(() => ({ result })) }
      },
    }
  }

  /** Resolves when a client has put down as many prekeys for an account as clients do. */
  async untilFilled(account: string): Promise<void> {
    await this.until(() => (this.#held.get(account) ?? 0) >= 20)
  }

  /** Resolves when something holds that a call to the mailbox can make true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await once(this.#changes, 'change')
  }

  async #stop(): Promise<void> {
    this.#connection?.close()
    await this.#server?.stop(0)
    await this.#mailbox?.close()
  }

  /** Sign an account in. */
  user(account: string, session = 'first'): MailboxUser {
    const bearer = Secret.of(bytesOf(`bearer of ${account}, ${session}`, 32))
    const known = this.#users.get(textOf(bearer))
    if (known !== undefined) return known
    const user = { account, sessionId: Buffer.from(bytesOf(`session of ${account}, ${session}`, 16)), bearer }
    this.#users.set(textOf(bearer), user)
    this.#endings.set(user, new AbortController())
    return user
  }

  /** Let in an account under a session and a bearer that others know it by. */
  join(account: string, sessionId: Uint8Array, bearer: Secret): MailboxUser {
    const user = { account, sessionId: Buffer.from(sessionId), bearer }
    this.#users.set(textOf(bearer), user)
    this.#endings.set(user, new AbortController())
    return user
  }

  /** The account that was let in last under a name. */
  userOf(account: string): MailboxUser {
    const user = [...this.#users.values()].findLast((each) => each.account === account)
    if (user === undefined) throw new Error(`nobody is called ${account}`)
    return user
  }

  /** A connection to it; to be closed. */
  connect(): Connection<typeof MailboxServiceService> {
    return connect(MailboxServiceService, { address: `127.0.0.1:${this.#server?.port}`, security: undefined })
  }

  /** End a session. */
  end(user: MailboxUser): void {
    this.#endings.get(user)?.abort(sessionEnded())
  }

  /** Put down prekeys, and one of last resort. @returns all of them, the last one that of last resort. */
  async putPrekeys(user: MailboxUser, count: number, seed = 'prekeys'): Promise<Prekey[]> {
    const random = randomFrom(`${seed} of ${user.account}`)
    const prekeys = Array.from({ length: count + 1 }, () => onWire(drawPrekey(random).prekey))
    const lastResort = prekeys.at(-1)
    await this.call.putPrekeys({ prekeys: prekeys.slice(0, -1), lastResort, withdrawnIds: [] }, user)
    return prekeys
  }

  /** Take a prekey. @throws SottoError `ERR_NO_MAILBOX` as a client has it, where there is none. */
  async takePrekey(from: MailboxUser, of: MailboxUser): Promise<Prekey> {
    const receiver = { username: of.account, sessionId: of.sessionId }
    const { results } = await this.call.takePrekeys({ receivers: [receiver] }, from)
    const prekey = readPrekey(results[0]?.result)
    if (isSottoError(prekey)) throw prekey
    return prekey
  }

  /** Post a letter. @throws SottoError as a client has it, where it is refused. */
  async post(from: MailboxUser, to: MailboxUser, letter: Uint8Array): Promise<void> {
    const posted = { username: to.account, sessionId: to.sessionId, letter: Buffer.from(letter) }
    const { results } = await this.call.postLetters({ letters: [posted] }, from)
    const refusal = readPosted(results[0]?.result)
    if (refusal !== undefined) throw refusal
  }

  /** Collect what there is, and acknowledge what is wanted. */
  async collect(user: MailboxUser, isTaken: (letter: Buffer) => boolean = () => true): Promise<Buffer[]> {
    const stream = this.call.collect(user)
    const letters: Buffer[] = []
    await stream.send({ letterIds: [] })
    for await (const { letter } of stream.messages) {
      if (letter === undefined) stream.end()
      else {
        letters.push(letter.letter)
        if (isTaken(letter.letter)) await stream.send({ letterIds: [letter.letterId] })
      }
    }
    return letters
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** A prekey as the generated code has it. */
export function onWire({ prekeyId, publicKey, encapsulationKey }: Prekey) {
  return {
    prekeyId: Buffer.from(prekeyId),
    publicKey: Buffer.from(publicKey),
    encapsulationKey: Buffer.from(encapsulationKey),
  }
}

const textOf = (bearer: Secret | undefined): string => Buffer.from(bearer?.reveal() ?? []).toString('hex')
