/**
 * `sotto receive`: online for as long as it runs, showing what comes, and on a terminal answering it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { KID_BYTES } from '#lib/protocol.ts'
import type { RpcServer } from '#lib/rpc/server.ts'
import { createLogger, type LogLevel } from '#lib/runtime/log.ts'
import { aborted, type CommandOptions, type Running, runCommand } from '../peer/command.ts'
import { addressOf } from '../peer/dial.ts'
import { MemoryExchanges } from '../peer/exchanges.ts'
import { stayOnline } from '../peer/online.ts'
import { servePeers } from '../peer/serve.ts'
import { refusalEvent } from '../peer/trace-conversation.ts'
import { Correspondents } from './correspondents.ts'

export interface ReceiveOptions extends CommandOptions {
  /** Where to listen: `::` for everywhere, port 0 for any free one. */
  readonly listen: Endpoint
  /** What to offer others in place of this machine's own addresses. */
  readonly advertise: readonly Endpoint[]
  readonly logLevel: LogLevel
  /** Called once, when others can call: with what they are offered. */
  readonly onReady: (endpoints: readonly Endpoint[]) => void
}

/**
 * Receive until the signal ends it.
 *
 * @throws SottoError
 *   - `ERR_PROFILE_LOCKED` if another process receives for this profile,
 *   - `ERR_UNAVAILABLE` and the like if the services cannot be reached at the start; later it tries again and again,
 *   - `ERR_ANNOUNCE_REPLACED`, `ERR_SESSION_ENDED` when that ends it,
 *   - `ERR_OUTPUT` if what comes can no longer be written,
 *   - `ERR_INTERRUPTED`.
 */
export async function receive(options: ReceiveOptions): Promise<void> {
  await runCommand(options, async (running) => {
    const { profile, signal } = running
    const lock = await profile.lockForReceiving()
    const kid = randomBytes(KID_BYTES)
    const correspondents = correspondentsOf(options, running)
    const server = await startHost(options, running, kid, correspondents)
    try {
      const answering = running.editor && answer(running.editor.lines(), correspondents)
      const online = announce(options, running, kid, server.port)
      await Promise.race([online, aborted(signal), ...(answering ? [answering] : [])])
    } finally {
      await correspondents.goodbye()
      await server.stop(0)
      lock.release()
    }
  })
}

function correspondentsOf({ redialMs }: ReceiveOptions, { output, ...running }: Running): Correspondents {
  const onPinned = (name: string) => output.notice(`this is the first conversation with ${name}: their key is pinned`)
  const deliver = async (name: string, events: readonly Event[]) => {
    await output.show(name, events)
    correspondents.onHeard(name)
  }
  const notice = (text: string) => output.notice(text)
  const calling = { ...running, deliver, onPinned, trace: output.trace }
  const correspondents = new Correspondents({ calling, redialMs, notice })
  return correspondents
}

function startHost(
  { listen, logLevel, errors }: ReceiveOptions,
  { output, clock, profile, account, directory }: Running,
  kid: Uint8Array,
  correspondents: Correspondents,
): Promise<RpcServer> {
  const write = (line: string) => void output.aside(() => errors.write(line))
  return servePeers(
    {
      ...correspondents.calling,
      profile,
      kid,
      clock,
      directory,
      exchanges: new MemoryExchanges(clock.local),
      onKeyChanged: (name) => output.notice(`${name} called with another key than the pinned one; nothing was shown`),
      onRefused: (error) => output.trace?.(refusalEvent(account.username, error)),
      onConversation: (conversation, exchange) => correspondents.onConversation(conversation, exchange),
      log: createLogger({ name: 'receiver', level: logLevel, destination: { write } }),
    },
    listen.address,
    listen.port,
  )
}

/** Announce, and say so. */
function announce(
  { listen, advertise, onReady }: ReceiveOptions,
  { directory, account, output, signal }: Running,
  kid: Uint8Array,
  port: number,
): Promise<never> {
  let wasOnline = false
  return stayOnline({
    directory,
    account,
    host: listen.address,
    port,
    advertise,
    kid,
    signal,
    onOnline(endpoints) {
      const where = endpoints.map(addressOf).join(', ')
      output.notice(wasOnline ? 'online again' : `online as ${account.username}, at ${where}`)
      if (!wasOnline) onReady(endpoints)
      wasOnline = true
    },
    onOffline: ({ message }) => output.notice(`offline: ${message}; trying again, conversations go on`),
  })
}

/** Send what is typed. Returns at Ctrl-D. */
async function answer(lines: AsyncIterable<string>, correspondents: Correspondents): Promise<void> {
  for await (const line of lines) correspondents.say(line)
}
