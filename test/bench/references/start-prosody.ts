/**
 * Starts an XMPP server, Prosody, with two users.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { Ends } from '../framework/conversation.ts'
import { isInstalled, startDaemon } from './daemon.ts'
import type { XmppRequests } from './xmpp.ts'

export const PROSODY = 'Prosody'

const PASSWORD = 'a password of the bench'

/** The ends of a chat; undefined, and named as left out, where there is no server. */
export async function startProsody(context: Context): Promise<Ends | undefined> {
  if (!isInstalled('prosody', context)) return undefined
  const [port, folder] = [await freePort(), await context.folder('disk')]
  if (folder === undefined) return undefined
  const accounts = join(folder, 'localhost', 'accounts')
  await mkdir(accounts, { recursive: true })
  await mkdir(join(folder, 'certs'))
  for (const name of ['alice', 'bob']) {
    await writeFile(join(accounts, `${name}.dat`), `return { ["password"] = "${PASSWORD}"; };\n`)
  }
  const configuration = join(folder, 'prosody.cfg.lua')
  await writeFile(configuration, configurationOf(folder, port))
  await startDaemon(context, 'prosody', ['-F', '--config', configuration], port)
  const start = (name: string, ...contact: string[]) =>
    Actor.start<XmppRequests>('references/xmpp.ts', String(port), name, PASSWORD, ...contact)
  const receiver = context.resources.use(await start('bob'))
  const sender = context.resources.use(await start('alice', 'bob'))
  return { sender, receiver }
}

const configurationOf = (folder: string, port: number): string => `
run_as_root = ${userInfo().uid === 0}
pidfile = "${folder}/prosody.pid"
data_path = "${folder}"
certificates = "${folder}/certs"
log = { error = "*console" }
modules_enabled = { "saslauth", "roster" }
modules_disabled = { "s2s", "tls", "offline" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
c2s_ports = { ${port} }
interfaces = { "127.0.0.1" }
storage = "internal"
VirtualHost "localhost"
`
