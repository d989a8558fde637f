/** `sotto admin import` and `remove-cohort`: people who come and go together, such as those of a term. */
import { open, readFile, rm } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { PRIVATE_FILE_MODE } from '#lib/runtime/files.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { escapeName } from '../../clients/terminal/escape.ts'
import { notice } from '../profile-command.ts'
import { HOUR_MS, hoursOption } from './hours.ts'
import { publicServer, readConfig } from './server.ts'
import { writeToOutput } from './write-to-output.ts'

interface ImportOptions {
  readonly hours: number
  readonly cohort?: string
  readonly sheet?: string
}

const IMPORT_HELP = `
  sotto admin import roster.csv --cohort 2027-spring
                               writes roster.html beside it: print it, and cut it up
  cat roster.csv | sotto admin import - > slips.html
                               the same in a pipe, such as into a container

A roster is CSV in UTF-8. Its first line names the columns: name, and display_name and cohort if there are any.

  name,display_name
  alice,Alice Müller
  bob,Bob O'Neill

Everybody is invited, or nobody. Whoever has a slip can join in that name, so the sheet is for you alone until it is cut.`

/** Adds the commands. */
export function withCohorts(admin: Command): Command {
  admin
    .command('import')
    .description('invite all who are on a roster, and write a sheet of slips to print, one for each')
    .argument('<file>', 'the roster, a CSV file; - for standard input')
    .addOption(hoursOption())
    .option('--cohort <cohort>', 'the group that they are removed with, where the roster names none')
    .option('--sheet <file>', "where the slips go, as HTML; the roster's name with .html behind it, unless set")
    .addHelpText('after', IMPORT_HELP)
    .action(importRoster)
  admin
    .command('remove-cohort')
    .description('remove the accounts of a cohort, end their sessions, and withdraw its invites')
    .argument('<cohort>')
    .action(async (cohort: string) => {
      const { removePeople } = await import('../../services/auth/invites/administration.ts')
      const { names, invites } = await removePeople(await readConfig(), systemClock, cohort)
      for (const name of names) process.stdout.write(`${name}\n`)
      notice(`removed the cohort ${cohort}: ${names.length} accounts, and ${invites} invites that nobody had used`, {})
    })
  return admin
}

async function importRoster(file: string, { hours, cohort, sheet }: ImportOptions): Promise<void> {
  const { inviteRoster } = await import('../../services/auth/invites/administration.ts')
  const { parseRoster } = await import('../../services/auth/invites/roster.ts')
  const { linkOf } = await import('./print-invite.ts')
  const { slipsPage } = await import('./slips.ts')
  const config = await readConfig()
  const server = await publicServer(config)
  const entries = parseRoster(file === '-' ? await buffer(process.stdin) : await readRoster(file))
  const path = sheet ?? (file === '-' ? undefined : file.replace(/(\.[^./]*)?$/, '.html'))
  let isWritten = false
  try {
    await inviteRoster(config, systemClock, entries, {
      cohort,
      lifetimeMs: hours * HOUR_MS,
      render: (drafts) => slipsPage(drafts.map((draft) => ({ ...draft, link: linkOf(draft, server) }))),
      async deliver(page) {
        if (isWritten) return
        await (path === undefined ? writeToOutput(page) : writeSheet(path, page))
        isWritten = true
      },
    })
  } catch (error) {
    // Codes that were never made good.
    if (isWritten && path !== undefined) await rm(path, { force: true })
    throw error
  }
  const where = path === undefined ? 'on standard output' : `in ${escapeName(path)}`
  notice(`invited ${entries.length}; their slips are ${where}: print it, cut it up, and delete it`, {})
  server.noticeIfUnnamed()
}

async function readRoster(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((cause: unknown) => {
    throw new SottoError('ERR_USAGE', `cannot read ${escapeName(path)}`, {
      cause,
      hint: 'check its path and permissions',
    })
  })
}

/** Write a file for the owner alone that was not there; on the disk before any invite is made. */
async function writeSheet(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE_MODE).catch((cause: unknown) => {
    const isThere = hasSystemCode(cause, 'EEXIST')
    throw new SottoError('ERR_USAGE', `${escapeName(path)} ${isThere ? 'is there already' : 'cannot be written'}`, {
      cause,
      hint: 'name another file with --sheet; nobody was invited',
    })
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (cause) {
    await rm(path, { force: true })
    throw new SottoError('ERR_OUTPUT', `${escapeName(path)} cannot be written`, {
      cause,
      hint: 'free some space; nobody was invited',
    })
  } finally {
    await file.close()
  }
}
