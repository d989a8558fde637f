/** The output of a command: a stream that may be a terminal, and a line at the bottom of it. */

/** A stream that may be a terminal. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined
  /** The width of the terminal. */
  readonly columns?: number | undefined
}

/** A line at the bottom of a terminal. */
export interface BottomLine {
  /** Write something above it. */
  printAbove<T>(write: () => T): T
}
