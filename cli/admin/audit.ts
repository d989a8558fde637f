/** `sotto admin audit`: who did what, and whether the log of it is whole. */
import { type Command, InvalidArgumentError } from 'commander'
import { escapeName } from '../../clients/terminal/escape.ts'
import type { ChainedEntry } from '../../services/auth/audit/chain.ts'
import { printJson } from '../profile-command.ts'
import { readConfig } from './server.ts'

interface AuditOptions {
  readonly since?: number
  readonly head?: Uint8Array
  readonly json?: true
}

const AUDIT_HELP = `
  sotto admin audit | tail -n 1                 its end: keep it on another machine, once a day
  sotto admin audit --since 2027-03-01 --json   what happened since

Each entry holds the hash of the one before. Whoever keeps the hash of the last one elsewhere can prove by --head that
everything up to it is as it was. The log is checked whole, whatever is printed of it. Times are in UTC.`

/** Adds the command. */
export function withAudit(admin: Command): Command {
  admin
    .command('audit')
    .description('print who did what, and check that nothing was cut out or changed since')
    .option('--since <time>', 'print what happened since, such as 2027-03-01 or 2027-03-01T08:00Z', timeOf)
    .option('--head <hash>', 'check, too, that this log goes on from one that ended with this hash', hashOf)
    .option('--json', 'say it as JSON, one object a line')
    .addHelpText('after', AUDIT_HELP)
    .action(async ({ since = 0, head: keptHash, json }: AuditOptions) => {
      const { audit } = await import('../../services/auth/audit/administration.ts')
      const onEntry = (entry: ChainedEntry) => {
        if (entry.at < since) return
        if (json) printJson(fieldsOf(entry))
        else process.stdout.write(`${rowOf(entry)}\n`)
      }
      const { number, hash } = await audit(await readConfig(), { onEntry, keptHash })
      const head = Buffer.from(hash).toString('hex')
      if (json) printJson({ type: 'head', entries: number, head })
      else process.stdout.write(`head ${head} of ${number === 1 ? '1 entry' : `${number} entries`}\n`)
    })
  return admin
}

function fieldsOf({ number, at, who, what, subject, detail, previous_hash }: ChainedEntry): object {
  const previous = Buffer.from(previous_hash).toString('hex')
  return { type: 'entry', number, at: new Date(at), who, what, subject, detail, previous }
}

function rowOf({ number, at, who, what, subject, detail }: ChainedEntry): string {
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  const about = subject === who ? '' : subject
  const facts = [who, what, about, detail && `(${detail})`].filter((fact) => fact !== '')
  return `${String(number).padStart(6)} ${time} ${escapeName(facts.join(' '))}`
}

/** ISO 8601; a time without a zone is of UTC, as those that are printed. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

function timeOf(text: string): number {
  const [, time, , , zone] = TIME.exec(text) ?? []
  const value = Date.parse(time !== undefined && zone === undefined ? `${text}Z` : text)
  if (TIME.test(text) && !Number.isNaN(value)) return value
  throw new InvalidArgumentError('It must be a date, or a date and a time, as in ISO 8601.')
}

function hashOf(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  throw new InvalidArgumentError('It must be 64 hexadecimal digits, as sotto admin audit has them in its last line.')
}
