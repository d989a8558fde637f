/**
 * Transfers: a file or a folder on its way between this profile and a contact, and what may become of it.
 *
 *     offered ──▶ accepted ──▶ received         all is there, and every hash is right
 *        │            ├──────▶ damaged          what came is not what was offered
 *        ├────────────┼──────▶ save-failed      the receiver cannot keep it, as where the disk is full
 *        ├────────────┼──────▶ source-changed   the sender has it no more
 *        ├────────────┴──────▶ cancelled        by either side
 *        └───────────────────▶ declined         by the receiver
 *
 * Both ends keep one, and each takes a step when its own user or disk says so, or when the other side does. What comes
 * out of order changes nothing.
 *
 * @module
 */
import { FileEntryType, type FileOffer, FileStatusState } from '#gen/sotto/peer/v1/record.ts'
import { rootOf, sizeOf } from '#lib/delivery/file-events.ts'

/** The direction, as seen from this side. */
export type TransferDirection = 'uploading' | 'downloading'

export type TransferState =
  | 'offered'
  | 'accepted'
  | 'received'
  | 'declined'
  | 'cancelled'
  | 'save-failed'
  | 'damaged'
  | 'source-changed'

export interface Transfer {
  /** The id of the event that offered it: 32 hexadecimal digits. */
  readonly id: string
  readonly contact: string
  readonly direction: TransferDirection
  /** The name of the file or the folder, as the sender names it. */
  readonly name: string
  /** How many files a folder holds; undefined for a single file. */
  readonly files: number | undefined
  /** The size in bytes, all together. */
  readonly size: number
  readonly state: TransferState
  /** Whether it waits until the receiver's disk has room for it. Only what is not over does. */
  readonly isPaused?: boolean | undefined
  /** How much of it the receiver has, in bytes from the beginning. */
  readonly position: number
  /**
   * The absolute path on this machine. Upload: where the content is. Download: the folder that was chosen, and once it
   * is received, the file or the folder that it has become; undefined before it is accepted.
   */
  readonly path: string | undefined
  /** The time of its last change of state. */
  readonly at: Date
}

/** The states after which nothing more comes. */
export function isOver({ state }: Pick<Transfer, 'state'>): boolean {
  return state !== 'offered' && state !== 'accepted'
}

/** Whether one step is told as another: the state, and whether it waits in it. */
export function isSameStep(one: TransferStep | undefined, other: TransferStep): boolean {
  return one?.state === other.state && (one.isPaused ?? false) === (other.isPaused ?? false)
}

export type TransferStep = Pick<Transfer, 'state' | 'isPaused'>

/** The summary of an offer, so that it need not be read again. */
export function summaryOf(offer: FileOffer): Pick<Transfer, 'name' | 'files' | 'size'> {
  const { entries, manifest } = offer
  if (manifest !== undefined)
    return { name: manifest.name.toString('utf8'), files: manifest.files, size: sizeOf(offer) }
  const [first] = entries
  if (first === undefined) throw new TypeError('an offer of nothing')
  const isFolder = first.type === FileEntryType.FOLDER || first.path.includes('/')
  return {
    name: rootOf(first),
    files: isFolder ? entries.filter(({ type }) => type !== FileEntryType.FOLDER).length : undefined,
    size: sizeOf(offer),
  }
}

/** The status on the wire for each state but the first. */
export const STATUS_OF: Readonly<Record<Exclude<TransferState, 'offered'>, FileStatusState>> = {
  accepted: FileStatusState.ACCEPTED,
  received: FileStatusState.RECEIVED,
  declined: FileStatusState.DECLINED,
  cancelled: FileStatusState.CANCELLED,
  'save-failed': FileStatusState.SAVE_FAILED,
  damaged: FileStatusState.DAMAGED,
  'source-changed': FileStatusState.SOURCE_CHANGED,
}

const OPEN: readonly TransferState[] = ['offered', 'accepted']

/**
 * The states from which each state can be reached, and the sides that may take it there. `received` holds even if the
 * sender has cancelled at the same time.
 */
const STEPS: Readonly<
  Record<Exclude<TransferState, 'offered'>, { from: readonly TransferState[]; by: readonly TransferDirection[] }>
> = {
  accepted: { from: ['offered'], by: ['downloading'] },
  received: { from: ['accepted', 'cancelled'], by: ['downloading'] },
  declined: { from: OPEN, by: ['downloading'] },
  cancelled: { from: OPEN, by: ['uploading', 'downloading'] },
  'save-failed': { from: OPEN, by: ['downloading'] },
  damaged: { from: ['accepted'], by: ['downloading'] },
  'source-changed': { from: OPEN, by: ['uploading'] },
}

type TransferStatus = Pick<Transfer, 'direction' | 'state'>

/** Whether this side may take a transfer to a state. */
export function mayBecome({ direction, state }: TransferStatus, next: Exclude<TransferState, 'offered'>): boolean {
  return STEPS[next].from.includes(state) && STEPS[next].by.includes(direction)
}

/**
 * The state to which a status from the other side takes a transfer; undefined if it is out of order, or not theirs to
 * send.
 */
export function afterReceiving(
  { direction, state }: TransferStatus,
  status: FileStatusState,
): TransferState | undefined {
  const theirs: TransferDirection = direction === 'uploading' ? 'downloading' : 'uploading'
  const next = (Object.keys(STEPS) as (keyof typeof STEPS)[]).find((each) => STATUS_OF[each] === status)
  return next !== undefined && mayBecome({ direction: theirs, state }, next) ? next : undefined
}
