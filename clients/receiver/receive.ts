/**
 * `sotto receive`: online for as long as it runs, showing what comes, and on a terminal answering it.
 *
 * A message is in the profile's store before its sender learns that it has arrived, and is copied from there to
 * standard output.
 *
 * @module
 */
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { environment } from '#lib/runtime/environment.ts'
import { createLogger } from '#lib/runtime/log.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'
import { agentBeside } from '../agent/agent-beside.ts'
import { Watchers } from '../agent/watchers.ts'
import { DEFAULT_DOWNLOADS } from '../command/file-flags.ts'
import { aborted, type CommandOptions, type Running, runCommand } from '../command/run-command.ts'
import { WaitingNotice } from '../command/waiting-notice.ts'
import { bothEvents } from '../messenger/both-events.ts'
import { Messenger } from '../messenger/messenger.ts'
import type { MessengerEvents, MessengerOptions } from '../messenger/messenger-options.ts'
import { NOTICES, noticeEvents } from '../messenger/notices.ts'
import { Unkept } from '../messenger/unkept.ts'
import { addressOf } from '../peer/dial.ts'
import { forProfile } from '../profile/login-line.ts'
import { lockForReceiving } from '../profile/process-locks.ts'
import { openStore } from '../store/open-store.ts'
import { UnreadFeed, type UnreadFeedOptions } from '../store/reading/unread-feed.ts'
import type { Store } from '../store/store.ts'
import { refusalEvent } from '../trace/conversation-events.ts'
import { Answers } from './answers.ts'
import { type ExecOptions, ExecReader } from './exec-reader.ts'
import { FileNotices } from './file-notices.ts'
import { STOP_TIMEOUT_MS } from './shell-command.ts'

export interface ReceiveOptions extends CommandOptions {
  /** The address to listen on: `::` for everywhere, port 0 for any free one. */
  readonly listen: Endpoint
  /** The addresses to offer others in place of this machine's own. */
  readonly advertise: readonly Endpoint[]
  readonly logLevel: LogLevel
  /** The folder that all offers come to without asking; it must be there. */
  readonly acceptInto?: string | undefined
  /** A command that takes what comes, in place of standard output. */
  readonly exec?: ExecOptions | undefined
  /** Called once, when others can call: with what they are offered. */
  readonly onReady: (endpoints: readonly Endpoint[]) => void
}

/**
 * Receive until the signal ends it. What nobody has seen yet is shown first; what was not shown by the end is shown by
 * the next chat or receive.
 *
 * @throws SottoError
 *   - `ERR_PROFILE_LOCKED` if another process receives for this profile,
 *   - `ERR_UNAVAILABLE` and the like if the services cannot be reached at the start; later it tries again and again,
 *   - `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when that ends it,
 *   - `ERR_OUTPUT` if what comes can no longer be written,
 *   - `ERR_STORE_DAMAGED`, `ERR_STORE` if the store cannot be used; `ERR_INTERRUPTED`.
 */
export async function receive(options: ReceiveOptions): Promise<void> {
  await runCommand(options, async (running) => {
    const { profile, account, clock, output, prompt, signal } = running
    await using resources = new AsyncDisposableStack()
    resources.adopt(await lockForReceiving(profile), (lock) => lock.release())
    const { folder, key } = profile.storage
    const store = resources.adopt(openStore(folder, { profileKey: key, clock: options.clock }), (open) => open.close())
    const send = (name: string, text: Uint8Array) => messenger.enqueue(name, text)
    const feed = new UnreadFeed({
      store,
      ...readerFor(options, running, { send, onShown: (name) => answers.onShown(name) }),
      markRead: (name, through) => messenger.markRead(name, through),
      onGap: (name) => output.notice(`messages from ${name} are missing here: the store was changed from outside`),
    })
    resources.defer(() => feed.drained())
    const files = new FileNotices({
      output,
      json: options.json,
      isWatched: options.errors.isTTY === true,
      acceptsAll: options.acceptInto !== undefined,
      profileName: options.profile,
      clock: options.clock,
    })
    const waiting = resources.use(
      new WaitingNotice({ isWatched: options.errors.isTTY === true, notice: (text) => output.notice(text) }),
    )
    waiting.begin('the directory')
    const events = eventsFor(options, running, {
      waiting,
      files,
      feed,
      store,
      notice: (name, error) => answers.notice(name, error),
    })
    const directory = await running.connect()
    const watchers = new Watchers()
    const parts = { store, events: bothEvents(events, watchers.events), directory }
    const messenger = resources.adopt(startMessenger(options, running, parts), (each) => each.stop())
    const downloads = options.acceptInto ?? DEFAULT_DOWNLOADS
    const agent = { watchers, messenger, profile, account, store, directory, clock, downloads, signal }
    agentBeside(resources, agent, ({ message }) => output.notice(message))
    const answers = new Answers({ messenger, store, notice: (text) => output.notice(text), profileName: profile.name })
    const watch = resources.adopt(
      store.watch(() => messenger.takeAppended()),
      (each) => each.stop(),
    )
    files.begin(messenger.files.list())
    feed.wake()
    const answering = prompt === undefined ? [] : [answers.read(prompt.lines())]
    await Promise.race([messenger.run(), watch.failed, feed.failed, aborted(signal), ...answering])
  })
}

interface ReaderParts {
  readonly send: (name: string, text: Uint8Array) => Promise<unknown>
  readonly onShown: (name: string) => void
}

/** The reader of what comes: standard output, many messages at a time, or a command, one after the other. */
function readerFor(
  { exec }: ReceiveOptions,
  { output, signal }: Running,
  { send, onShown }: ReaderParts,
): Pick<UnreadFeedOptions, 'show' | 'page' | 'timeoutMs'> {
  if (exec === undefined) {
    return {
      async show(name, messages) {
        await output.show(name, messages)
        onShown(name)
        return undefined
      },
    }
  }
  const notice = (text: string) => output.notice(text)
  const reader = new ExecReader({ ...exec, env: environment(), send, notice, signal })
  // It is ended by force before that.
  const timeoutMs = 2 * STOP_TIMEOUT_MS
  return { page: 1, timeoutMs, show: async (name, [message]) => message && (await reader.take(name, message)) }
}

function startMessenger(
  { listen, advertise, acceptInto, logLevel, errors }: ReceiveOptions,
  running: Running,
  parts: Pick<MessengerOptions, 'store' | 'events' | 'directory'>,
): Messenger {
  const write = (line: string) => void running.output.printAbove(() => errors.write(line))
  const log = createLogger({ name: 'receiver', level: logLevel, destination: { write } })
  return new Messenger({ ...running, ...parts, listen, advertise, acceptInto, log, trace: running.output.trace })
}

interface Parts {
  /** Says that others cannot call yet. */
  readonly waiting: WaitingNotice
  readonly feed: UnreadFeed
  readonly files: FileNotices
  readonly store: Store
  readonly notice: (name: string, error: unknown) => void
}

function eventsFor({ onReady }: ReceiveOptions, { output, account, profile }: Running, parts: Parts): MessengerEvents {
  const { waiting, feed, files, store, notice } = parts
  let wasOnline = false
  const unkept = new Unkept((text) => output.notice(text))
  return {
    onReceived(name) {
      unkept.received(name)
      feed.wake(name)
    },
    onProgress() {},
    onFile: (transfer, error) => files.changed(transfer, error),
    onPresence() {},
    onOnline(endpoints, relay) {
      waiting.stop()
      const where = endpoints.map(addressOf)
      output.notice(wasOnline ? NOTICES.onlineAgain : NOTICES.online(account.username, where, relay))
      if (!wasOnline) onReady(endpoints)
      wasOnline = true
    },
    onOffline: ({ message }) => output.notice(NOTICES.offline(message)),
    ...noticeEvents((text) => output.notice(forProfile(text, profile.name))),
    onRefused: notice,
    onKeyChanged: (name) => output.notice(NOTICES.keyChanged(name)),
    onConversation(name, route) {
      if (!unkept.has(name)) output.notice(NOTICES.joined(name, route))
    },
    onParted(name, end) {
      if (unkept.parted(name, end)) return
      output.notice(end.how === 'closed' ? NOTICES.left(name) : NOTICES.cut(name))
      const isWaiting = store.waiting().some((each) => each.name === name)
      if (isWaiting) output.notice(NOTICES.stillWaiting(name))
    },
    onCallRefused: (error) => output.trace?.(refusalEvent(account.username, error)),
  }
}
