/**
 * `sotto chat`: several conversations at once in a terminal, each kept in the profile's store.
 *
 * @module
 */
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { asSottoError } from '#lib/errors.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import { agentBeside } from '../agent/agent-beside.ts'
import { Watchers } from '../agent/watchers.ts'
import { openSession, type SessionOptions } from '../command/open-session.ts'
import { aborted } from '../command/run-command.ts'
import { bothEvents } from '../messenger/both-events.ts'
import { Messenger } from '../messenger/messenger.ts'
import type { MessengerEvents } from '../messenger/messenger-options.ts'
import { noticeEvents } from '../messenger/notices.ts'
import { Unkept } from '../messenger/unkept.ts'
import { lockForReceiving } from '../profile/process-locks.ts'
import { NameCheck } from '../session/name-check.ts'
import { openStore } from '../store/open-store.ts'
import type { Message } from '../store/reading/messages.ts'
import type { UnreadGap } from '../store/reading/unread.ts'
import type { TraceEvent } from '../trace/trace.ts'
import { ChatCommands } from './chat-commands.ts'
import { chatHint } from './chat-hint.ts'
import type { Command, Message as TypedMessage } from './command.ts'
import { exitSummary } from './exit-summary.ts'
import { FileCommands } from './file-commands.ts'
import { jsonFrontend } from './json/json-frontend.ts'
import { OwnTyping } from './own-typing.ts'
import { Roster } from './roster.ts'
import type { KeyInput } from './screen/line-editor.ts'
import type { ScreenOutput } from './screen/screen.ts'
import { screenFrontend } from './screen-frontend.ts'
import { Submissions } from './submissions.ts'
import type { About, Draft, View } from './view.ts'

/** What a chat was in the middle of when it was cut. */
export interface Cut {
  /** Whom the user talked with. */
  readonly to: string | undefined
  /** What stood on the line. */
  readonly draft: Draft | undefined
}

export interface ChatOptions extends SessionOptions {
  /** The contact to talk with first. */
  readonly to: string | undefined
  readonly input: KeyInput
  readonly output: ScreenOutput
  readonly listen: Endpoint
  readonly advertise: readonly Endpoint[]
  readonly bell: boolean
  /** The folder that accepted files come to; made if it is not there. */
  readonly downloads: string
  /** The folder that all offers come to without asking; it must be there. */
  readonly acceptInto?: string | undefined
  /** Show the five messages as they happen. */
  readonly trace: boolean
  /** The banner that stands first in the status row, in the place of the user's name. */
  readonly banner?: string
  /** The notice to begin with. */
  readonly welcome?: string
  /** Whether lines may be edited and drawn over; unless set, where both ends are a terminal. */
  readonly interactive?: boolean
  /** Read and write JSON lines, for a script. */
  readonly json?: boolean
  /** What stands on the line to begin with. */
  readonly draft?: Draft | undefined
  /** Told, before the chat ends for another reason than that the user leaves, what it ends in the middle of. */
  readonly onCut?: ((cut: Cut) => void) | undefined
  /** Durations of channels that are to be other than the protocol's. */
  readonly channelTimes?: Partial<ChannelTimes>
  /** How long somebody is away before what waits is posted, where it is not the usual time: in milliseconds. */
  readonly awayMs?: number
  /** The signal that ends the chat, aborted with `ERR_INTERRUPTED`. */
  readonly signal: AbortSignal
}

/**
 * Chat until the user leaves.
 *
 * @throws SottoError
 *   - `ERR_PROFILE_MISSING`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`; `ERR_PROFILE_LOCKED` if another process receives for
 *     this profile,
 *   - `ERR_STORE_DAMAGED`, `ERR_STORE` if the store cannot be used,
 *   - `ERR_CHAT_WITH_SELF` if it is to begin with the user's own name,
 *   - `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when that ends it; `ERR_INTERRUPTED`.
 */
export async function chat(options: ChatOptions): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const { profile, account, clock, connect } = await openSession(options)
  resources.adopt(await lockForReceiving(profile), (lock) => lock.release())
  const { folder, key } = profile.storage
  const store = resources.adopt(openStore(folder, { profileKey: key, clock: options.clock }), (open) => open.close())

  const watchers = new Watchers()
  const showTrace = (event: TraceEvent) => {
    view.trace(event)
    watchers.traced(event, options.clock.now())
  }
  const trace = options.trace ? showTrace : undefined
  const directory = resources.adopt(connect(trace), (open) => open.close())

  const left = new AbortController()
  const signal = AbortSignal.any([options.signal, left.signal])
  // Whoever leaves a terminal sees what is not done yet; at the end of a pipe all of it is to be.
  const whileWorking = options.input.isTTY ? signal : options.signal
  const now = () => options.clock.now()
  const monotonicMs = () => options.clock.monotonicMs()
  const names = new NameCheck({
    ownName: account.username,
    isKnown: (name) => profile.state.pins.has(name) || store.names().includes(name),
    ask: (name, timeout) => directory.getPresence(name, AbortSignal.any([whileWorking, timeout])),
  })
  if (options.to === account.username) await names.check(options.to)
  const createFrontend = options.json === true ? jsonFrontend : screenFrontend
  const frontend = createFrontend({
    ...options,
    store,
    ownName: account.username,
    isOnline: (name: string) => messenger.isOnline(name),
    routeTo: (name: string) => messenger.routeTo(name),
    markRead: (name: string, through?: Message | UnreadGap) => messenger.markRead(name, through),
    keyOf: (name: string) => profile.state.pins.get(name)?.identityKey,
    progressOf: (name: string) => messenger.progress(name),
    now,
    monotonicMs,
    schedule,
  })
  const { view } = resources.adopt(frontend, (open) => open.close())
  // After the messenger has stopped, for something may still have gone by then.
  resources.defer(() => {
    if (!left.signal.aborted || options.json === true) return
    for (const text of exitSummary(store, profile.state)) view.notice(text)
  })
  const { listen, advertise, channelTimes = {}, awayMs } = options
  // Its lines would stand across the screen; what matters of them is told as notices.
  const log = createLogger({ name: 'chat', level: 'silent' })
  const events = eventsFor(view, [account.username, profile.name], () => {
    submissions.beginAgain()
    // Nobody presses Tab at the end of a pipe.
    if (options.input.isTTY) void roster.load()
  })
  const messenger: Messenger = resources.adopt(
    new Messenger({
      profile,
      account,
      clock,
      directory,
      store,
      events: bothEvents(events, watchers.events),
      listen,
      advertise,
      startsOffline: true,
      acceptInto: options.acceptInto,
      log,
      trace,
      channelTimes,
      ...(awayMs !== undefined && { awayMs }),
      signal,
    }),
    (running) => running.stop(),
  )
  const files = new FileCommands({
    view,
    files: messenger.files,
    downloads: options.downloads,
    signal: whileWorking,
  })
  const roster = new Roster({
    view,
    ownName: account.username,
    list: (prefix, timeout) => directory.listPeople(prefix, AbortSignal.any([whileWorking, timeout])),
  })
  const quit = () => left.abort()
  const commands = new ChatCommands({ view, messenger, files, profile, store, roster, now, quit })

  const submissions = new Submissions({ view, messenger, commands, names })
  const typing = new OwnTyping({
    send: (name, isActive) => messenger.sendTyping(name, isActive),
    monotonicMs,
    schedule,
  })
  const { downloads } = options
  const agent = { watchers, messenger, profile, account, store, directory, clock, downloads, signal }
  agentBeside(resources, agent, (error) => notice(view, error))
  const watch = resources.adopt(
    store.watch(() => {
      view.showAppended()
      messenger.takeAppended()
    }),
    (each) => each.stop(),
  )
  if (options.to !== undefined) submissions.begin(options.to)
  if (options.welcome !== undefined) view.notice(options.welcome)
  const listeners = {
    submit: (submission: TypedMessage | Command) => submissions.submit(submission),
    check: (name: string) => names.check(name),
    writing: (name: string | undefined) => typing.typed(name),
    quit,
  }
  frontend.open(listeners, options.draft)
  try {
    await Promise.race([messenger.run(), watch.failed, aborted(signal)])
  } catch (error) {
    if (left.signal.aborted) return
    options.onCut?.({ to: view.to, draft: frontend.draft })
    throw error
  } finally {
    // A line that was read before the end of a pipe is kept before the store is closed.
    await submissions.idle
    await files.idle()
  }
}

function eventsFor(
  view: View,
  whose: readonly [ownName: string, profile: string],
  onOnline: () => void,
): MessengerEvents {
  const unkept = new Unkept((text) => view.notice(text))
  return {
    onReceived(name, events, isLetter) {
      unkept.received(name)
      view.received(name, events, isLetter)
    },
    onParted: (name, end) => void unkept.parted(name, end),
    onProgress: (name, progress) => view.progressed(name, progress),
    onTyping: (name, isActive) => view.typing(name, isActive),
    onFile: (transfer, error) => view.fileChanged(transfer, error),
    onPresence: (name, isOnline) => view.presence(name, isOnline),
    onRoute: (name, route) => view.routed(name, route),
    onOnline: (endpoints, relay) => {
      view.online(endpoints, relay)
      onOnline()
    },
    onOffline: (error) => view.offline(error),
    ...noticeEvents((text) => view.notice(chatHint(text, ...whose))),
    onRefused: (name, error) => notice(view, error, { contact: name }),
  }
}

function notice(view: View, thrown: unknown, about?: About): void {
  view.failure(asSottoError(thrown), about)
}
