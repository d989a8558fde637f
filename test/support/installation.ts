/**
 * A whole installation in this process: auth, the directory, and profiles of people who send and receive. Only the
 * terminals are not real.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { WritePermission } from '#lib/trust/permission.ts'
import { postLetters } from '../../clients/letters/post-letters.ts'
import { keepPrekeys } from '../../clients/letters/put-prekeys.ts'
import { connectMailbox } from '../../clients/messenger/mailbox/connect-mailbox.ts'
import { policyOf } from '../../clients/profile/permission.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { type ReceiveOptions, receive } from '../../clients/receiver/receive.ts'
import { type SendOptions, send } from '../../clients/sender/send.ts'
import { DirectoryClient } from '../../clients/session/directory-client.ts'
import { login } from '../../clients/session/login.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { openStore } from '../../clients/store/open-store.ts'
import { passwordOf } from './auth-records.ts'
import { CapturedStream } from './captured-stream.ts'
import { freePort } from './free-port.ts'
import { LyingRelay } from './lying-relay.ts'
import { AuthUnderTest } from './running-auth.ts'
import { DirectoryUnderTest } from './running-directory.ts'
import { RelayUnderTest } from './running-relay.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** A command under way. */
export interface Run extends AsyncDisposable {
  readonly output: CapturedStream
  readonly errors: CapturedStream
  /** Resolves when the command has succeeded; rejects when it has failed. */
  readonly done: Promise<void>
  /** Interrupt the command, as Ctrl-C does. Resolves when it has ended, however. */
  stop(): Promise<void>
}

export interface ReceiveRun extends Run {
  /** The port that the receiver listens on. */
  readonly port: number
}

export class Installation implements AsyncDisposable {
  readonly auth: AuthUnderTest
  readonly home: TemporaryFolder
  readonly #directoryPort: number
  readonly #relayPort: number
  #directory: DirectoryUnderTest | undefined
  #relay: RelayUnderTest | undefined
  #lying: LyingRelay | undefined

  /** Start the services. @param names - People to sign up and sign in. */
  static async start(...names: readonly string[]): Promise<Installation> {
    const directoryPort = await freePort()
    const relayPort = await freePort()
    const config = {
      directoryAddress: `:${directoryPort}`,
      relayAddresses: [`:${relayPort}`],
      listen: { host: '127.0.0.1', port: await freePort() },
    }
    const auth = await AuthUnderTest.start({ clock: systemClock, config, isLaid: true })
    const installation = new Installation(auth, await temporaryFolder(), { directoryPort, relayPort })
    try {
      await installation.startDirectory()
      for (const name of names) await installation.signUp(name)
      return installation
    } catch (error) {
      await installation[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(
    auth: AuthUnderTest,
    home: TemporaryFolder,
    { directoryPort, relayPort }: { readonly directoryPort: number; readonly relayPort: number },
  ) {
    this.auth = auth
    this.home = home
    this.#directoryPort = directoryPort
    this.#relayPort = relayPort
  }

  /** Start the relay, of which clients know whether it runs or not. */
  async startRelay(): Promise<void> {
    this.#relay = await RelayUnderTest.start(this.auth, {
      config: { listen: { host: '127.0.0.1', port: this.#relayPort } },
    })
  }

  /** Start one in its place that lies; it ends with the installation. */
  async startLyingRelay(): Promise<LyingRelay> {
    const relay = await LyingRelay.start(this.auth, this.#relayPort)
    this.#lying = relay
    return relay
  }

  async stopRelay(): Promise<void> {
    await this.#lying?.[Symbol.asyncDispose]()

    await this.#relay?.[Symbol.asyncDispose]()
    this.#relay = undefined
  }

  async startDirectory(): Promise<void> {
    const config = { listen: { host: '127.0.0.1', port: this.#directoryPort } }
    this.#directory = await DirectoryUnderTest.start(this.auth, { config })
  }

  async stopDirectory(): Promise<void> {
    await this.#directory?.[Symbol.asyncDispose]()
    this.#directory = undefined
  }

  /** Add an account and sign it in, in the profile of the same name unless another is named. */
  async signUp(name: string): Promise<Profile> {
    await this.auth.addUser(name, `${name}'s password`)
    return await this.signIn(name)
  }

  async signIn(name: string, { profile = name, replaceIdentityKey = false } = {}): Promise<Profile> {
    const opened = await Profile.openOrCreate(this.home.path, profile)
    const { address: authAddress, caPem: authorityPem } = this.auth.running
    await login({
      profile: opened,
      server: { authAddress, authorityPem },
      username: name,
      askPassword: async () => passwordOf(`${name}'s password`),
      replaceIdentityKey,
      clock: systemClock,
      signal: new AbortController().signal,
      trace: undefined,
    })
    return opened
  }

  /** Put down prekeys for a person, as whoever was online before has: so they have a mailbox. */
  async putPrekeys(name: string): Promise<void> {
    const profile = await Profile.open(this.home.path, name)
    const { folder, key } = profile.storage
    const store = openStore(folder, { profileKey: key })
    const mailbox = connectMailbox(profile)
    if (mailbox === undefined) throw new Error('there is no mailbox')
    const { sessionId } = profile.login.session
    const { signal } = new AbortController()
    await keepPrekeys({ mailbox, store, sessionId, nowMs: Date.now(), random: randomBytes, signal })
    mailbox.close()
    store.close()
  }

  /** Leave texts at somebody's mailbox, whether they are online or not. */
  async post(from: string, to: string, ...texts: readonly string[]): Promise<void> {
    const profile = await Profile.open(this.home.path, from)
    const { folder, key } = profile.storage
    const { account, session } = profile.login
    const clock = new ServerClock(systemClock, account.clockOffsetMs)
    await using resources = new AsyncDisposableStack()
    const store = resources.adopt(openStore(folder, { profileKey: key }), (open) => open.close())
    const directory = resources.adopt(new DirectoryClient({ account, session, clock, trace: undefined }), (open) =>
      open.close(),
    )
    const mailbox = connectMailbox(profile)
    if (mailbox === undefined) throw new Error('there is no mailbox')
    resources.defer(() => mailbox.close())
    const events = texts.map((body) => encodeTextEvent({ eventId: randomBytes(16), writtenAt: new Date(), body }))
    const messageLogFor = (name: string, identityKey: Uint8Array) => {
      const messageLog = store.messageLog(name, identityKey)
      const left = events.splice(0)
      if (left.length > 0) messageLog.append(WritePermission.of(policyOf(profile.state, name)), left)
      return messageLog
    }
    const { signal } = new AbortController()
    const options = { profile, directory, mailbox, clock, store, messageLogFor, onPinned() {}, signal }
    const posted = (await postLetters([{ name: to }], options)).get(to)
    if (isSottoError(posted)) throw posted
  }

  profileOf(name: string): Promise<Profile> {
    return Profile.open(this.home.path, name)
  }

  /** Run the sender. */
  send(from: string, to: string, input: SendInput, changes: Partial<SendOptions> = {}): Run {
    const text = typeof input === 'string' ? input : undefined
    const stream = typeof input === 'string' ? Readable.from([]) : input
    return this.#run(from, stream, (common) => send({ ...common, to, text, ...changes }))
  }

  /** Run the receiver, and wait until others can call it. */
  async receive(name: string, changes: Partial<ReceiveOptions> = {}): Promise<ReceiveRun> {
    const ready = Promise.withResolvers<number>()
    const run = this.#run(name, new PassThrough(), (common) =>
      receive({
        ...common,
        listen: { address: '127.0.0.1', port: 0 },
        advertise: [],
        logLevel: 'info',
        onReady: ([endpoint]) => ready.resolve(endpoint?.port ?? 0),
        ...changes,
      }),
    )
    const port = await Promise.race([ready.promise, run.done.then(() => Promise.reject(new Error('it ended')))])
    return { ...run, port }
  }

  #run(profile: string, input: Readable, command: (common: CommonOptions) => Promise<void>): Run {
    const interrupt = new AbortController()
    const output = new CapturedStream()
    const errors = new CapturedStream()
    const common: CommonOptions = {
      home: this.home.path,
      profile,
      input,
      output,
      errors,
      trace: false,
      json: false,
      redialMs: 10_000,
      clock: systemClock,
      channelTimes: {},
      signal: interrupt.signal,
    }
    const done = command(common)
    done.catch(() => undefined)
    const stop = async () => {
      interrupt.abort(interruptedByUser())
      await done.catch(() => undefined)
    }
    return { output, errors, done, stop, [Symbol.asyncDispose]: stop }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopRelay()
    await this.stopDirectory()
    await this.auth[Symbol.asyncDispose]()
    await this.home[Symbol.asyncDispose]()
  }
}

/** The input of a sender: one message, or standard input. */
type SendInput = string | Readable

type CommonOptions = Omit<SendOptions, 'to' | 'text'>

function interruptedByUser(): Error {
  return new SottoError('ERR_INTERRUPTED', 'interrupted')
}
