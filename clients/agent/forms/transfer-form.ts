/**
 * Transfers as the contract has them.
 *
 * @module
 */
import {
  Direction,
  TransferState as StateForm,
  type Transfer as TransferForm,
} from '#gen/sotto/agent/v1/agent_service.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Transfer, TransferState } from '../../store/transfers/transfer.ts'

export const TRANSFER_STATES: Readonly<Record<TransferState, StateForm>> = {
  offered: StateForm.OFFERED,
  accepted: StateForm.ACCEPTED,
  received: StateForm.RECEIVED,
  declined: StateForm.DECLINED,
  cancelled: StateForm.CANCELLED,
  'save-failed': StateForm.SAVE_FAILED,
  damaged: StateForm.DAMAGED,
  'source-changed': StateForm.SOURCE_CHANGED,
}

/** @param error - Why it ended at this end, if it did just now. */
export function transferForm(transfer: Transfer, error?: SottoError): TransferForm {
  const { id, contact, direction, name, files, size, position, state, isPaused = false, path = '', at } = transfer
  return {
    id: Buffer.from(id, 'hex'),
    contact,
    direction: direction === 'uploading' ? Direction.OUTGOING : Direction.INCOMING,
    name,
    files: files === undefined ? undefined : BigInt(files),
    size: BigInt(size),
    position: BigInt(position),
    state: TRANSFER_STATES[state],
    paused: isPaused,
    path,
    changedAt: at,
    reason: error?.message ?? '',
  }
}
