/**
 * What a benchmark is: a question, and cases that answer it, each measured once in every round.
 *
 * @module
 */

/** The units of rows. Those of time and memory are the better the less; rates the better the more. */
export type Unit =
  | 'texts/s'
  | 'calls/s'
  | 'letters/s'
  | 'sign-ins/s'
  | 'MB/s'
  | 's'
  | 'ms'
  | 'µs'
  | 'MB'
  | 'KB'
  | '% of a core'
  | 'people'
  | 'conversations'
  | 'handshakes'

/** The bar that a figure or a ratio is to reach: shown beside it, and judged by nobody here. */
export interface Bar {
  readonly atLeast?: number
  readonly atMost?: number
}

/** A row of the same bench to compare with. */
export interface Comparison extends Bar {
  /** The `case` of that row. */
  readonly to: string
}

/** One line of the result. */
export interface RowPlan {
  readonly case: string
  readonly unit: Unit
  /** What it is compared with, the one that decides first. None for a reference. */
  readonly against?: readonly Comparison[]
  /** The bar for the figure itself. */
  readonly bar?: Bar
}

/** What is measured in one go. It gives one sample for each of its rows. */
export interface Case {
  readonly rows: readonly RowPlan[]
  readonly measure: () => Promise<readonly number[]>
}

/** Where data lies: on a disk that must be flushed, or in the memory of the machine. */
export type Place = 'disk' | 'memory'

/** What the run gives to a bench. */
export interface Context {
  /** Whatever is put here ends with the bench, the last first. */
  readonly resources: AsyncDisposableStack
  /** How long a sample should take where the bench can choose, in seconds. */
  readonly seconds: number
  /** An amount of work: less of it in a brief run. */
  readonly amount: (usual: number) => number
  /** How many of something are held at once: as many as the run was told (`--size`), or fewer in a brief run. */
  readonly size: (usual: number) => number
  /** How long something is to last that is watched for a while, in seconds: shorter in a brief run, or as the run says. */
  readonly duration: (usual: number) => number
  /** Name a reference that this machine does not have. */
  readonly leaveOut: (sentence: string) => void
  /** Make an empty folder, removed with the bench; undefined, and named, where the machine has no such place. */
  readonly folder: (place: Place) => Promise<string | undefined>
  /** Say what is being done now, beside the progress. */
  readonly note: (what: string) => void
}

export interface Bench {
  readonly name: string
  /** What is done, on what, and when the clock stops: one sentence. */
  readonly work: string
  /** In how many rounds unless the run says: fewer than usual where a sample takes long, and is like the one before. */
  readonly rounds?: number
  /** Start what is to be measured. */
  readonly prepare: (context: Context) => Promise<readonly Case[]>
}

/** A row with its samples, one a round. */
export interface Row {
  readonly case: string
  readonly unit: Unit
  readonly samples: readonly number[]
  readonly median: number
  readonly range: readonly [number, number]
  readonly bar?: Bar
  /** How many times the first reference it is; null for a row that is compared with nothing. */
  readonly ratio: number | null
  readonly ratios: readonly (Comparison & { readonly ratio: number })[]
}

export interface Result {
  readonly name: string
  readonly work: string
  readonly rounds: number
  readonly rows: readonly Row[]
  readonly leftOut: readonly string[]
  /** The load of the machine in the last minute, before and after. */
  readonly load: readonly [number, number]
  /** When it ended. */
  readonly at: string
  /** Why there are no rows, if it broke. */
  readonly failure?: string
}
