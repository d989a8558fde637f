/**
 * What carries the bytes of files, as a conversation has it, and what it takes and tells.
 *
 * @module
 */
import type { FileChunk, FileOffer, FileProgress } from '#gen/sotto/peer/v1/record.ts'
import type { FileLane } from '#lib/delivery/file-lane.ts'

/** The files that a conversation carries beside its events. */
export interface FileTransfers extends FileLane {
  /** A conversation begins. */
  begin(): void
  /** The conversation has ended. */
  end(): void
  /**
   * A piece came.
   *
   * @returns a promise if much waits to be written: until it resolves nothing more should be taken from the other side.
   */
  receiveChunk(chunk: FileChunk): Promise<void> | undefined
  /** The other side has said up to where it has something. */
  receiveProgress(progress: FileProgress): void
}

/** The events of transfers, for whoever keeps them. */
export interface PeerTransfersEvents {
  readonly onPosition: (id: string, position: number) => void
  /** All of it is there, under this path. If it throws, the download is halted. */
  readonly onReceived: (id: string, path: string) => void
  /** This side cannot save a file. */
  readonly onSaveFailed: (id: string, error: unknown) => void
  /** The download is halted, as where the disk is full: what came is left, and `PeerTransfers.retry` goes on with it. */
  readonly onHalted: (id: string, position: number, error: unknown) => void
  /** The other side cannot save it now. */
  readonly onPausedByPeer: (id: string, position: number) => void
  /** This side does not have an offered file any more. */
  readonly onSourceChanged: (id: string, error: unknown) => void
}

export interface PeerTransfersOptions {
  readonly offerOf: (id: string) => FileOffer | undefined
  /** Puts down the entries of an offer that came in its manifest. */
  readonly noteEntries: (id: string, offer: FileOffer) => void
  readonly noteTargetPath: (id: string, targetPath: string) => void
  readonly events: PeerTransfersEvents
  /** There is something to send. */
  readonly wake: () => void
  readonly monotonicMs: () => number
}
