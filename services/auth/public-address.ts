/**
 * The address at which clients reach Auth: it comes from Auth's settings, and is written to its folder at each start,
 * so that `sotto admin` prints it whatever the settings are in its own shell.
 *
 * @module
 */
import { join } from 'node:path'
import { formatAddress, parseAddress } from '#lib/runtime/address.ts'
import { readFileIfPresent, writeFileAtomically } from '#lib/runtime/files.ts'
import type { Config } from './config.ts'

const FILE = 'public-address'

type AddressConfig = Pick<Config, 'dataFolder' | 'listen' | 'names' | 'publicAddress'>

/**
 * Keep the address for {@link readPublicAddress}.
 *
 * @param port - Where Auth listens, for settings that name no port.
 */
export async function keepPublicAddress(config: AddressConfig, port: number): Promise<void> {
  const path = join(config.dataFolder, FILE)
  const address = `${addressOf(config, port)}\n`
  if ((await readFileIfPresent(path))?.toString('utf8') !== address) await writeFileAtomically(path, address)
}

/**
 * Read the address that Auth had at its last start.
 *
 * @returns HOST:PORT. HOST is empty where no name was set for the installation.
 */
export async function readPublicAddress(config: AddressConfig): Promise<string> {
  const kept = (await readFileIfPresent(join(config.dataFolder, FILE)))?.toString('utf8').trim()
  return kept ?? addressOf(config, config.listen.port)
}

function addressOf({ names, publicAddress }: AddressConfig, listeningPort: number): string {
  const { host, port } = publicAddress === undefined ? { host: '', port: listeningPort } : parseAddress(publicAddress)
  return formatAddress({ host: host || (names[0] ?? ''), port })
}
