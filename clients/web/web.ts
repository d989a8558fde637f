/**
 * `sotto web`: a chat whose face is a page in a browser of this machine. Keys stay in this process; the page gets what is
 * shown, over loopback.
 *
 * @module
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { isSottoError } from '#lib/errors.ts'
import { agentSocketIn } from '../agent/socket-path.ts'
import { openSession, type SessionOptions } from '../command/open-session.ts'
import { type Lock, takeLock } from '../profile/lock.ts'
import type { Profile } from '../profile/profile.ts'
import type { Trace } from '../trace/trace.ts'
import { ownConversations } from './owner.ts'
import { Access } from './server/access.ts'
import { Bridge } from './server/bridge.ts'
import { type OpenFile, openBrowser, removeLeftFiles } from './server/open-browser.ts'
import { CHAT_PAGE, readPageFiles } from './server/page-files.ts'
import { startWebServer } from './server/web-server.ts'

export interface WebOptions extends SessionOptions {
  /** The contact to talk with first. */
  readonly to?: string | undefined
  /** The port of the page; the one that it had last, or any free one, unless set. */
  readonly port: number | undefined
  /** Names by which a browser may call the page beside its own. */
  readonly hostNames: readonly string[]
  /** Whether to open the page in the user's browser. */
  readonly open: boolean
  readonly listen: Endpoint
  readonly advertise: readonly Endpoint[]
  readonly downloads: string
  readonly acceptInto?: string | undefined
  readonly channelTimes?: Partial<ChannelTimes>
  /** Takes the messages of the protocol, whether somebody asks for them on the page or not. */
  readonly trace?: Trace
  /** The origin of the page of a demo, in a frame of which this one stands. */
  readonly framedBy?: string
  /** Takes the page's link: it lets in whoever follows it first. */
  readonly onLink: (link: string) => void
  readonly notice: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * Serve the page until the signal ends it. Where a page of this profile is served already, give another link to it and
 * return.
 *
 * @throws SottoError
 *   - `ERR_PROFILE_MISSING`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`,
 *   - `ERR_CONFIG` if the port is taken, or the profile's folder leaves no room for a socket,
 *   - `ERR_STORE_DAMAGED`, `ERR_STORE`, `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when that ends it;
 *     `ERR_INTERRUPTED`.
 */
export async function web(options: WebOptions): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const session = await openSession(options)
  const { profile } = session
  await removeLeftFiles(profile.storage.folder, options.clock.now().getTime())
  const access = new Access(profile, options.clock)
  const lock = await tryLock(profile)
  if (lock === undefined) {
    const unused = unusedOf(options, access.port)
    if (unused.length > 0) {
      options.notice(
        `the page of this profile is there already: a link to it as it is, without ${unused.join(' and ')}`,
      )
    }
    const opened = await give(options, profile, access, access.port)
    if (opened !== undefined) await untilFollowed(opened, access, options.signal)
    return
  }
  resources.adopt(lock, (each) => each.release())

  const bridge = resources.adopt(new Bridge(agentSocketIn(profile.storage.folder)), (each) => each.close())
  let opened: Opened | undefined
  const server = resources.adopt(
    await startWebServer({
      access,
      calls: bridge,
      page: readPageFiles(CHAT_PAGE),
      port: options.port ?? access.port,
      mayMove: options.port === undefined,
      hostNames: options.hostNames,
      framedBy: options.framedBy,
      onSignedIn: () => opened?.file.remove(),
    }),
    (each) => each.close(),
  )
  await access.keepPort(server.port)
  let isReady = false
  await ownConversations({
    ...options,
    session,
    acceptInto: options.acceptInto,
    onReady() {
      if (isReady) return
      isReady = true
      give(options, profile, access, server.port).then(
        (given) => {
          opened = given
        },
        (error: Error) => options.notice(error.message),
      )
    },
  })
}

/** What was asked for of the page, and is not so where another process serves it. */
function unusedOf({ port, hostNames, acceptInto }: WebOptions, presentPort: number): string[] {
  return [
    ...(port === undefined || port === presentPort ? [] : [`--port ${port}`]),
    ...hostNames.map((name) => `--host-name ${name}`),
    ...(acceptInto === undefined ? [] : ['--accept-files']),
  ]
}

/** A link that the browser was given in a file. */
interface Opened {
  readonly token: string
  readonly file: OpenFile
}

/** Give a link to the page, or open it. */
async function give(
  { to, open, onLink, notice }: WebOptions,
  profile: Profile,
  access: Access,
  port: number,
): Promise<Opened | undefined> {
  const token = await access.newToken()
  const link = `http://127.0.0.1:${port}/#${token}${to === undefined ? '' : `/${to}`}`
  if (!open) {
    onLink(link)
    return undefined
  }
  const onFailure = () => notice('no browser could be opened; without --open there is a link')
  return { token, file: await openBrowser(profile.storage.folder, link, onFailure) }
}

/** How often it is looked whether a link was followed to the page of another process, in milliseconds. */
const POLL_INTERVAL_MS = 100

/** A file goes with the process that has made it, and the browser has yet to read it. */
async function untilFollowed({ token, file }: Opened, access: Access, signal: AbortSignal): Promise<void> {
  const over = AbortSignal.any([signal, file.removed])
  while (!over.aborted && (await access.isWaiting(token))) {
    await setTimeout(POLL_INTERVAL_MS, undefined, { signal: over }).catch(() => undefined)
  }
  file.remove()
  signal.throwIfAborted()
}

/** Become the process that serves the profile's page; undefined if there is one. */
async function tryLock(profile: Profile): Promise<Lock | undefined> {
  try {
    return await takeLock(join(profile.storage.folder, 'web.lock'), { timeoutMs: 0, hint: '' })
  } catch (error) {
    if (isSottoError(error, 'ERR_PROFILE_LOCKED')) return undefined
    throw error
  }
}
