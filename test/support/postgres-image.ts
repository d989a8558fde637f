/**
 * An image of PostgreSQL made of what Debian has installed on this machine, for machines that reach no registry.
 *
 * It does of the official image what docker-compose.yml relies on: in an empty folder it makes a cluster whose host
 * connections need a password, and psql is at hand.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { realpath, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { docker } from './compose.ts'
import { postgresPrograms } from './postgres.ts'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)

const PROGRAMS = ['postgres', 'initdb', 'psql', 'pg_isready']

const ENTRYPOINT = `#!/bin/bash
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --no-sync --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c 'listen_addresses=*'
`

const dockerfile = (base: string, programs: string) => `FROM ${base}
USER root
ADD root.tar /
COPY entrypoint /usr/local/bin/entrypoint
RUN useradd --system --uid 999 postgres \\
  && install -d -o postgres -g postgres /var/lib/postgresql /var/lib/postgresql/data /var/run/postgresql
ENV PATH=${programs}:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data
STOPSIGNAL SIGINT
CMD ["entrypoint"]
`

/**
 * Make the image.
 *
 * @param base - An image with a shell.
 * @throws Error if PostgreSQL is not installed.
 */
export async function buildPostgresImage(tag: string, base: string): Promise<void> {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed')
  await using folder = await temporaryFolder()
  const files = await filesOf(programs)
  // Links are followed: a library is asked for under the name of its link.
  await run('tar', ['--create', '--dereference', '--file', join(folder.path, 'root.tar'), '--directory', '/', ...files])
  await writeFile(join(folder.path, 'entrypoint'), ENTRYPOINT, { mode: 0o755 })
  await writeFile(join(folder.path, 'Dockerfile'), dockerfile(base, programs))
  await docker('build', '--quiet', '--tag', tag, folder.path)
}

/** The files that the programs need, without the `/` that they begin with. */
async function filesOf(programs: string): Promise<string[]> {
  const version = basename(dirname(programs))
  const modules = globSync(join(dirname(programs), 'lib', '*.so')).filter((path) => !basename(path).startsWith('llvm'))
  const executables = PROGRAMS.map((name) => join(programs, name))
  const { stdout } = await run('ldd', [...executables, ...modules])
  const libraries = new Set(stdout.match(/(?<=^\s+(?:\S+ => )?)\/\S+(?= \(0x)/gm))
  // Where /lib is a link, nothing may be put in its place.
  const placed = [...libraries].map(async (path) => join(await realpath(dirname(path)), basename(path)))
  const shared = [`/usr/share/postgresql/${version}`, '/usr/share/zoneinfo']
  return [...executables, ...modules, ...(await Promise.all(placed)), ...shared].map((path) => path.slice(1))
}
