/**
 * The lane beside a conversation's events, for the bytes of files. The delivery neither numbers nor stores them: the
 * side that gets a file names the position to continue from, in each conversation anew.
 *
 * @module
 */
import type { FileChunk, FileProgress } from '#gen/sotto/peer/v1/record.ts'

/** The next parts of files to send; asked for each record. */
export interface FileLane {
  /** The progress of a file that this side receives, if it is news; undefined if not. */
  nextProgress(): FileProgress | undefined
  /** The next piece of a file that this side gives, if one is at hand and may go. Its bytes are good until the next call. */
  nextChunk(): FileChunk | undefined
}
