/**
 * The machine that a run has measured, and the versions of what ran.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import manifest from '../../../package.json' with { type: 'json' }
import { ROOT } from '../../support/environment.ts'

export interface Machine {
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryMb: number
}

export function describeMachine(): Machine {
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1e6),
  }
}

/** The versions of Sotto and of what it stands on, and of the references that are installed. */
export function versions(): Record<string, string> {
  const grpc = JSON.parse(readFileSync(join(ROOT, 'node_modules/@grpc/grpc-js/package.json'), 'utf8')) as {
    version: string
  }
  const installed = {
    'nats-server': numberIn(versionOf('nats-server', '--version')),
    prosody: numberIn(versionOf('prosodyctl', 'about')),
    croc: numberIn(versionOf('croc', '--version')),
  }
  return {
    sotto: `${manifest.version} ${versionOf('git', 'rev-parse', '--short', 'HEAD') ?? ''}`.trim(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    sqlite: process.versions['sqlite'] ?? '',
    'grpc-js': grpc.version,
    ...Object.fromEntries(Object.entries(installed).filter(([, version]) => version !== undefined)),
  }
}

/** What a machine is called under a table. */
export function machineLine({ processor, cores, system }: Machine): string {
  return `${cores} cores of ${processor}, ${system.split(' ')[0]}, Node.js ${process.versions.node}`
}

function versionOf(command: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', cwd: ROOT })
  return status === 0 ? stdout.trim() : undefined
}

/** The first version number in a text. */
function numberIn(text = ''): string | undefined {
  return /\d+(\.\d+)+/.exec(text)?.[0]
}
