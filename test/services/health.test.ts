/** Each thing that may befall a service's database, and its certificate: its health says so, and comes back. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { link, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isServing } from '#lib/rpc/standard/health-check.ts'
import { createLogger, type Logger } from '#lib/runtime/log.ts'
import { FakeClock } from '../support/clock.ts'
import { lockDatabase } from '../support/program-lock.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { DirectoryUnderTest } from '../support/running-directory.ts'
import { RelayUnderTest } from '../support/running-relay.ts'

const DAY_MS = 86_400_000

/** How often the services look, in milliseconds. */
const INTERVAL_MS = 100

/** A service under test. */
interface Subject extends AsyncDisposable {
  readonly database: string
  readonly clock: FakeClock
  /** The messages that it has logged as errors. */
  readonly errors: readonly string[]
  isServing(): Promise<boolean>
}

/** Something that goes wrong. */
interface Fault {
  readonly name: string
  /** What the log says of it. */
  readonly logged: RegExp
  /** Why it cannot be had here. */
  readonly refusal?: string | undefined
  /** Have it happen. @returns what undoes it. */
  befall(subject: Subject): Promise<() => void | Promise<void>>
}

const FAULTS: readonly Fault[] = [
  {
    name: 'the database is locked by another program',
    logged: /locked by another program/,
    befall: ({ database }) => lockDatabase(database),
  },
  {
    name: 'the database cannot be written',
    logged: /fails to read or write/,
    refusal: immutableRefusal(),
    async befall({ database }) {
      const files = [database, `${database}-wal`]
      execFileSync('chattr', ['+i', ...files])
      return () => void execFileSync('chattr', ['-i', ...files])
    },
  },
  {
    name: 'the database is gone',
    logged: /is gone/,
    async befall({ database }) {
      await rename(database, `${database}.away`)
      return () => rename(`${database}.away`, database)
    },
  },
  {
    name: 'there is another database in its place',
    logged: /is another file now/,
    async befall({ database }) {
      await link(database, `${database}.away`)
      await writeFile(`${database}.new`, '')
      await rename(`${database}.new`, database)
      return () => rename(`${database}.away`, database)
    },
  },
  {
    name: 'the certificate has ended',
    logged: /certificate has ended/,
    async befall({ clock }) {
      clock.advance(400 * DAY_MS)
      return () => clock.advance(-400 * DAY_MS)
    },
  },
  {
    name: 'the clock is before the certificate',
    logged: /certificate begins at/,
    async befall({ clock }) {
      clock.advance(-400 * DAY_MS)
      return () => clock.advance(400 * DAY_MS)
    },
  },
]

/** A log of which the errors are kept. */
function errorLog(): { log: Logger; errors: string[] } {
  const errors: string[] = []
  const write = (line: string) => void errors.push(JSON.parse(line).err.message)
  return { errors, log: createLogger({ name: 'test', level: 'error', destination: { write } }) }
}

async function auth(): Promise<Subject> {
  const { log, errors } = errorLog()
  const clock = new FakeClock(Date.now())
  const started = await AuthUnderTest.start({ clock, log, healthIntervalMs: INTERVAL_MS, isLaid: true })
  const { address, caPem: authorityPem } = started.running
  return {
    database: join(started.config.dataFolder, 'auth.db'),
    clock,
    errors,
    isServing: () => isServing({ address, security: { authorityPem, role: 'auth.sotto' } }),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  }
}

async function directory(): Promise<Subject> {
  const { log, errors } = errorLog()
  const clock = new FakeClock(Date.now())
  await using resources = new AsyncDisposableStack()
  const behind = resources.use(await AuthUnderTest.start({ clock, isLaid: true }))
  const started = resources.use(await DirectoryUnderTest.start(behind, { log, renewalMs: INTERVAL_MS }))
  const { address } = started.running
  const running = resources.move()
  return {
    database: join(started.config.dataFolder, 'directory.db'),
    clock,
    errors,
    isServing: () => isServing({ address, security: { authorityPem: behind.running.caPem, role: 'directory.sotto' } }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function relay(): Promise<Subject> {
  const { log, errors } = errorLog()
  const clock = new FakeClock(Date.now())
  await using resources = new AsyncDisposableStack()
  const behind = resources.use(await AuthUnderTest.start({ clock, isLaid: true }))
  const started = resources.use(await RelayUnderTest.start(behind, { clock, log, healthIntervalMs: INTERVAL_MS }))
  const { address } = started.running
  const running = resources.move()
  return {
    database: join(behind.folder.path, 'relay', 'mailbox.db'),
    clock,
    errors,
    isServing: () => isServing({ address, security: { authorityPem: behind.running.caPem, role: 'relay.sotto' } }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Only root can make a file immutable, and not on every file system. */
function immutableRefusal(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-'))
  try {
    for (const sign of ['+', '-']) execFileSync('chattr', [`${sign}i`, folder], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no file can be made immutable here'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

for (const start of [auth, directory, relay]) {
  describe(`the health of ${start.name}`, () => {
    for (const { name, logged, refusal, befall } of FAULTS) {
      it(`is bad while ${name}, and good again after it${refusal ? `: ${refusal}` : ''}`, async function () {
        if (refusal) this.skip()
        await using subject = await start()
        const until = async (serving: boolean) => {
          while ((await subject.isServing()) !== serving);
        }
        await until(true)
        const undo = await befall(subject)
        try {
          await until(false)
        } finally {
          await undo()
        }
        await until(true)
        expect(subject.errors).to.have.length(1)
        expect(subject.errors[0]).to.match(logged)
      })
    }
  })
}
