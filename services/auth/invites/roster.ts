/**
 * A roster: the people who are to be invited together, as CSV.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { CsvError, parse } from 'csv-parse/sync'
import { prepareDisplayName } from '#lib/display-name.ts'
import { type FieldViolation, isSottoError, SottoError } from '#lib/errors.ts'
import { USERNAME } from '#lib/validation.ts'
import { COHORT, COHORT_LIMIT } from './cohort.ts'

/** The most people of one roster: their slips take 23 KB and 3 ms each, and are held at once. */
export const MAX_ROSTER_PEOPLE = 1_000

/** The most bytes of one: 400 for each of the most people. */
export const MAX_ROSTER_BYTES = 400_000

/** The columns that a roster may have, in any order. The first is required. */
const COLUMNS = ['name', 'display_name', 'cohort'] as const
type Column = (typeof COLUMNS)[number]

/** What may stand between columns: a comma, or what spreadsheets of some countries write. */
const DELIMITERS = [',', ';', '\t']

const BYTE_ORDER_MARK = /^\uFEFF/

/** One person of a roster. */
export interface RosterEntry {
  /** Counted from 1, as editors do. */
  readonly line: number
  readonly name: string
  /** Prepared; empty for none. */
  readonly displayName: string
  readonly cohort: string | undefined
}

/**
 * Read a roster: a first line that names the columns, and a line for each person.
 *
 * @param bytes - UTF-8, with or without a byte order mark.
 * @throws SottoError `ERR_INVALID_ARGUMENT` with every line that cannot be used, and why; `ERR_INVALID_UTF8`.
 */
export function parseRoster(bytes: Uint8Array): RosterEntry[] {
  if (bytes.length > MAX_ROSTER_BYTES) {
    throw badRoster([{ field: 'the file', description: `has more than ${MAX_ROSTER_BYTES} bytes` }])
  }
  if (!isUtf8(bytes)) {
    throw new SottoError('ERR_INVALID_UTF8', 'the roster is not UTF-8', {
      hint: 'save it as "CSV UTF-8"; nothing was changed',
    })
  }
  const [header, ...rows] = rowsOf(Buffer.from(bytes).toString('utf8').replace(BYTE_ORDER_MARK, ''))
  const columns = columnsOf(header)
  const faults: FieldViolation[] = []
  const firstLines = new Map<string, number>()
  const entries = rows.map((row) => entryOf(row, columns, { faults, firstLines }))
  if (entries.length === 0) faults.push({ field: 'the file', description: 'names nobody' })
  if (entries.length > MAX_ROSTER_PEOPLE) {
    faults.push({ field: 'the file', description: `has more than ${MAX_ROSTER_PEOPLE} people` })
  }
  if (faults.length > 0) throw badRoster(faults)
  return entries
}

/** @param faults - `field` names the line. */
export function badRoster(faults: readonly FieldViolation[]): SottoError {
  const howMany = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  return new SottoError('ERR_INVALID_ARGUMENT', `the roster has ${howMany}; nothing was changed`, {
    hint: 'mend what is named above, and import it again',
    violations: faults,
  })
}

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

function rowsOf(text: string): Row[] {
  const [header = ''] = text.split('\n', 1)
  const options = {
    delimiter: DELIMITERS.find((each) => header.includes(each)) ?? ',',
    trim: true,
    skip_empty_lines: true,
    // Whoever has the wrong number of columns is told so with all other faults.
    relax_column_count: true,
    info: true,
  }
  try {
    const records = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[]
    return records.map(({ record, info }) => ({ line: info.lines, cells: record }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = 'lines' in error ? `line ${error['lines']}` : 'the file'
    throw badRoster([{ field: line, description: 'is no CSV from here on: check its quotation marks' }])
  }
}

function columnsOf(header: Row | undefined): Column[] {
  const names = (header?.cells ?? []).map((cell) => cell.toLowerCase().replaceAll(/[ -]/g, '_'))
  const isKnown = names.every((name) => COLUMNS.some((column) => column === name))
  if (isKnown && names.includes('name') && new Set(names).size === names.length) return names as Column[]
  const description = `must name the columns: name, and display_name or cohort if there are any`
  throw badRoster([{ field: `line ${header?.line ?? 1}`, description }])
}

interface Found {
  readonly faults: FieldViolation[]
  /** Where each name stands first. */
  readonly firstLines: Map<string, number>
}

function entryOf({ line, cells }: Row, columns: readonly Column[], { faults, firstLines }: Found): RosterEntry {
  const fault = (description: string) => void faults.push({ field: `line ${line}`, description })
  const cell = (column: Column) => cells[columns.indexOf(column)] ?? ''
  const name = cell('name')
  if (cells.length !== columns.length) fault(`has ${cells.length} columns, not ${columns.length}`)
  else if (!USERNAME.test(name)) fault(`the name is none: ${NAME_LIMIT}`)
  else if (firstLines.has(name)) fault(`${name} stands on line ${firstLines.get(name)} already`)
  else firstLines.set(name, line)
  const cohort = cell('cohort') || undefined
  if (cohort !== undefined && !COHORT.test(cohort)) fault(`the cohort is none: ${COHORT_LIMIT}`)
  return { line, name, displayName: displayNameOf(cell('display_name'), fault), cohort }
}

const NAME_LIMIT = 'it is 1 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit'

function displayNameOf(text: string, fault: (description: string) => void): string {
  try {
    return prepareDisplayName(text)
  } catch (error) {
    if (!isSottoError(error, 'ERR_INVALID_ARGUMENT')) throw error
    fault(error.message)
    return ''
  }
}
