/**
 * Where a database is, and how it is opened.
 *
 * @module
 */
import type { Logger } from '../log.ts'

/** Where the records are. */
export type DatabaseSetting =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** A URL `postgres://…` that holds no password, or a file whose first line is one that may. */
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'postgres'; readonly urlFile: string }

export interface OpenDatabaseOptions {
  /**
   * What a commit promises: `disk` that it outlives a loss of power, `process` that it outlives the end of the process.
   */
  readonly durability: 'disk' | 'process'
  /** Told of connections that break while nobody uses them. */
  readonly log?: Logger
}
