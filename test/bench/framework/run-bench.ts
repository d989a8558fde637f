/**
 * Runs a benchmark: all its cases in each round, one after the other, so that a change of the machine's load meets all
 * of them.
 *
 * @module
 */
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { aborted } from '../../../clients/command/run-command.ts'
import type { Bench, Case, Context, Place, Result, Row, RowPlan } from './bench.ts'
import type { Progress } from './progress.ts'
import { median, rangeOf, ratioOf } from './statistics.ts'

/** In how many rounds a bench is measured where neither it nor the run says otherwise. */
const ROUNDS = 5

export interface RunSettings {
  /** In how many rounds; as many as each bench says unless set. */
  readonly rounds?: number | undefined
  /** Whether a look is enough: a tenth of the work. */
  readonly isBrief: boolean
  /** How many of something the benches hold at once that have a size; as many as they say unless set. */
  readonly size?: number | undefined
  readonly progress: Progress
  /** How long what is watched for a while is to last, in seconds, where that is not as usual. */
  readonly duration?: number | undefined
  /** Ends it; what was started ends too. */
  readonly signal: AbortSignal
}

/** How long a sample takes where the bench can choose, in seconds; and in a brief run. */
const [SECONDS, BRIEF_SECONDS] = [1, 0.1]

/** How long a bench may take, in milliseconds, until it counts as stuck: several times what the longest one needs. */
const LIMIT_MS = 300_000

/** The same where a size was asked for. */
const SIZED_LIMIT_MS = 1_800_000
/** How many cases of a bench last as long as the run says, at most. */
const MOST_WATCHED = 2

/** The part of the usual work that a brief run does. */
const BRIEF_PART = 0.1

/** The number by which Linux knows a file system that lies in memory. */
const TMPFS = 0x01_02_19_94

/** The memory file system of Linux. */
const MEMORY_FOLDER = '/dev/shm'

/** Run a bench to its end. One that breaks has its failure for a result. */
export async function runBench(bench: Bench, settings: RunSettings): Promise<Result> {
  const { progress, signal, duration = 0 } = settings
  const rounds = settings.rounds ?? bench.rounds ?? ROUNDS
  const usualMs = settings.size === undefined ? LIMIT_MS : SIZED_LIMIT_MS
  const limitMs = usualMs + duration * 1_000 * MOST_WATCHED * rounds
  const { name, work } = bench
  const leftOut = new Set<string>()
  const [loadBefore = 0] = loadavg()
  const finish = (rows: readonly Row[], failure?: string): Result => {
    const [loadAfter = 0] = loadavg()
    const common = { name, work, rounds, rows, leftOut: [...leftOut], load: [loadBefore, loadAfter] as const }
    return { ...common, at: new Date().toISOString(), ...(failure !== undefined && { failure }) }
  }
  progress.begin(name)
  try {
    await using resources = new AsyncDisposableStack()
    const prepared = bench.prepare(contextOf(settings, resources, (sentence) => leftOut.add(sentence)))
    const measured = prepared.then((cases) => measure(cases, rounds, progress))
    return finish(await Promise.race([measured, aborted(AbortSignal.any([signal, AbortSignal.timeout(limitMs)]))]))
  } catch (error) {
    return finish([], error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    progress.end()
  }
}

function contextOf(
  { isBrief, size, progress, duration }: RunSettings,
  resources: AsyncDisposableStack,
  leaveOut: (sentence: string) => void,
): Context {
  const amount = (usual: number) => Math.max(1, Math.round(isBrief ? usual * BRIEF_PART : usual))
  return {
    resources,
    leaveOut,
    seconds: isBrief ? BRIEF_SECONDS : SECONDS,
    amount,
    size: (usual) => size ?? amount(usual),
    duration: (usual) => duration ?? (isBrief ? usual * BRIEF_PART : usual),
    note: (what) => progress.note(what),
    async folder(place) {
      const parent = await parentOf(place)
      if (parent === undefined) leaveOut(`${place}: this machine has no such folder`)
      if (parent === undefined) return undefined
      const path = await mkdtemp(join(parent, 'sotto-bench-'))
      resources.defer(() => rm(path, { recursive: true, force: true }))
      return path
    },
  }
}

/** The folder under which data lies on a disk, or in memory: undefined if there is none. */
async function parentOf(place: Place): Promise<string | undefined> {
  const candidates = place === 'memory' ? [MEMORY_FOLDER] : [tmpdir(), '/var/tmp', process.cwd()]
  for (const candidate of candidates) {
    const type = await statfs(candidate).then(
      (found) => found.type,
      () => undefined,
    )
    if (type !== undefined && (type === TMPFS) === (place === 'memory')) return candidate
  }
  return undefined
}

/** Measure all cases in each round, beginning with another one each time. */
async function measure(cases: readonly Case[], rounds: number, progress: Progress): Promise<readonly Row[]> {
  const samples = new Map<RowPlan, number[]>(cases.flatMap(({ rows }) => rows.map((row) => [row, []] as const)))
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < cases.length; turn += 1) {
      const { rows, measure: sample } = cases[(round + turn) % cases.length] as Case
      progress.measuring(rows[0]?.case ?? '', round + 1, rounds)
      const values = await sample()
      for (const [index, row] of rows.entries()) samples.get(row)?.push(values[index] ?? Number.NaN)
    }
  }
  return rowsOf(samples)
}

/** The rows of a result, in the order in which they were planned. */
export function rowsOf(samples: ReadonlyMap<RowPlan, readonly number[]>): readonly Row[] {
  const byCase = new Map([...samples].map(([plan, values]) => [plan.case, values]))
  return [...samples].map(([{ case: name, unit, against = [], bar }, values]) => {
    // A reference that the machine lacks is named elsewhere.
    const ratios = against.flatMap((comparison) => {
      const reference = byCase.get(comparison.to)
      return reference === undefined ? [] : [{ ...comparison, ratio: ratioOf(values, reference) }]
    })
    return {
      case: name,
      unit,
      samples: values,
      median: median(values),
      range: rangeOf(values),
      ...(bar && { bar }),
      ratio: ratios[0]?.ratio ?? null,
      ratios,
    }
  })
}
