/**
 * Owning a profile's conversations for the page: they are held here unless another command of the profile holds them, and
 * the page then speaks to that.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { serveAgent } from '../agent/serve-agent.ts'
import { Watchers } from '../agent/watchers.ts'
import type { OpenSession } from '../command/open-session.ts'
import { aborted } from '../command/run-command.ts'
import { bothEvents } from '../messenger/both-events.ts'
import { Messenger } from '../messenger/messenger.ts'
import { NOTICES } from '../messenger/notices.ts'
import { addressOf } from '../peer/dial.ts'
import { isReceived, lockForReceiving } from '../profile/process-locks.ts'
import { openStore } from '../store/open-store.ts'
import { refusalEvent } from '../trace/conversation-events.ts'
import type { Trace, TraceEvent } from '../trace/trace.ts'

export interface OwnerOptions {
  readonly session: OpenSession
  readonly listen: Endpoint
  readonly advertise: readonly Endpoint[]
  /** The folder that accepted files come to. */
  readonly downloads: string
  /** The folder that all offers come to without asking. */
  readonly acceptInto: string | undefined
  readonly channelTimes?: Partial<ChannelTimes>
  /** Takes the messages of the protocol, beside whoever asks for them on the page. */
  readonly trace?: Trace
  /** The conversations are held here, or by another command; the page can be shown. */
  readonly onReady: () => void
  readonly notice: (text: string) => void
  readonly signal: AbortSignal
}

/** How often it is looked whether another command has let go of the conversations, in milliseconds. */
const POLL_INTERVAL_MS = 300

/**
 * Hold the conversations whenever no other command does.
 *
 * @throws SottoError what a chat ends with: `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED`, `ERR_STORE`,
 *   `ERR_STORE_DAMAGED`; `ERR_CONFIG` where the profile's folder leaves no room for a socket; the signal's reason.
 */
export async function ownConversations(options: OwnerOptions): Promise<never> {
  const { session, notice, onReady, signal } = options
  for (let isTold = false; ; ) {
    try {
      await own(options)
    } catch (error) {
      if (!isSottoError(error, 'ERR_PROFILE_LOCKED')) throw error
    }
    if (!isTold)
      notice('this profile’s conversations are held by another command of it: the page shows them through that')
    isTold = true
    onReady()
    while (isReceived(session.profile))
      await setTimeout(POLL_INTERVAL_MS, undefined, { signal }).catch(throwReason(signal))
  }
}

function throwReason(signal: AbortSignal): () => never {
  return () => {
    throw signal.reason ?? new SottoError('ERR_INTERRUPTED', 'interrupted')
  }
}

async function own(options: OwnerOptions): Promise<never> {
  const { session, listen, advertise, downloads, acceptInto, channelTimes = {}, onReady, notice, signal } = options
  const { profile, account, clock, connect } = session
  await using resources = new AsyncDisposableStack()
  resources.adopt(await lockForReceiving(profile), (lock) => lock.release())
  const { folder, key } = profile.storage
  const store = resources.adopt(openStore(folder, { profileKey: key, clock: clock.local }), (open) => open.close())
  const watchers = new Watchers()
  const trace = Object.assign(
    (event: TraceEvent) => {
      watchers.traced(event, clock.local.now())
      options.trace?.(event)
    },
    options.trace ?? { isOff: () => watchers.wantNoTrace },
  )
  const directory = resources.adopt(connect(trace), (open) => open.close())
  const events = {
    onReceived() {},
    onProgress() {},
    onPresence() {},
    onPinned() {},
    onRefused() {},
    onCallRefused: (error: SottoError) => trace(refusalEvent(account.username, error)),
    onOnline: (endpoints: readonly Endpoint[], relay: string | undefined) =>
      notice(NOTICES.online(account.username, endpoints.map(addressOf), relay)),
    onOffline: ({ message }: SottoError) => notice(NOTICES.offline(message)),
  }
  const messenger = resources.adopt(
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
      acceptInto,
      log: createLogger({ name: 'web', level: 'silent' }),
      trace,
      channelTimes,
      signal,
    }),
    (running) => running.stop(),
  )
  const agent = { watchers, messenger, profile, account, store, directory, clock, downloads, signal }
  resources.adopt(await serveAgent(agent), (server) => server.stop())
  const watch = resources.adopt(
    store.watch(() => messenger.takeAppended()),
    (each) => each.stop(),
  )
  onReady()
  return await Promise.race([messenger.run(), watch.failed, aborted(signal)])
}
