/**
 * What comes of one offer, whichever part of it is next: its manifest, or its files.
 *
 * @module
 */
import type { FileChunk, FileProgress } from '#gen/sotto/peer/v1/record.ts'

export interface IncomingTransfer {
  /** The position in its files that is on the disk; undefined until that is known. */
  readonly position: number | undefined
  /** Another conversation: say where it stands. */
  begin(): void
  /** The position in the content to report, if it is news. */
  progress(): FileProgress | undefined
  /**
   * Take in a piece. One that does not begin where it ends, or goes beyond the content, is ignored.
   *
   * @returns a promise if much waits to be written: until it resolves no more should be taken in.
   */
  receive(chunk: FileChunk): Promise<void> | undefined
  /** Let go of it: it goes on from here in another program. */
  stop(): Promise<void>
  /** Leave nothing of it. */
  discard(): Promise<void>
}
