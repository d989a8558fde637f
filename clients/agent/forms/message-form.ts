/**
 * Messages of the store as the contract has them.
 *
 * @module
 */
import { Direction, type Message as MessageForm, MessageState as StateForm } from '#gen/sotto/agent/v1/agent_service.ts'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import { statusName } from '../../files/report/file-events.ts'
import { isOfAnotherKey } from '../../store/log/undeliverable.ts'
import { type Gap, type Message, type MessageState, writtenAtOf } from '../../store/reading/messages.ts'
import { summaryOf } from '../../store/transfers/transfer.ts'
import { positionForm } from './position.ts'
import { TRANSFER_STATES } from './transfer-form.ts'

const STATES: Readonly<Record<MessageState, StateForm>> = {
  received: StateForm.RECEIVED,
  waiting: StateForm.WAITING,
  posted: StateForm.POSTED,
  sent: StateForm.SENT,
  delivered: StateForm.DELIVERED,
  read: StateForm.READ,
  dropped: StateForm.DROPPED,
}

const CONTENTS: ByKind<NonNullable<MessageForm['content']>> = {
  text: ({ body }) => ({ $case: 'text', value: body.toString('utf8') }),
  fileOffer: (offer) => {
    const { name, size, files } = summaryOf(offer)
    return {
      $case: 'fileOffer',
      value: { name, size: BigInt(size), files: files === undefined ? files : BigInt(files) },
    }
  },
  fileStatus: (status) => ({
    $case: 'fileStatus',
    value: { offerId: status.offerId, state: TRANSFER_STATES[statusName(status)] },
  }),
}

/** @param presentKey - The key that the contact has now, where one is known. */
export function messageForm(entry: Message | Gap, presentKey: Uint8Array | undefined): MessageForm {
  const { contact } = entry
  const position = positionForm(entry.position)
  if (entry.kind === 'gap') return gapForm(contact, position)
  const { event, direction, state, ordinal, storedAt, isLetter } = entry
  return {
    contact,
    position,
    id: event.eventId,
    direction: direction === 'outgoing' ? Direction.OUTGOING : Direction.INCOMING,
    state: STATES[state],
    number: BigInt(ordinal),
    formerKey: isOfAnotherKey(entry, presentKey),
    writtenAt: writtenAtOf(entry),
    storedAt,
    letter: isLetter,
    content: byKind(event, CONTENTS),
  }
}

function gapForm(contact: string, position: bigint): MessageForm {
  return {
    contact,
    position,
    id: Buffer.alloc(0),
    direction: Direction.UNSPECIFIED,
    state: StateForm.UNSPECIFIED,
    number: 0n,
    formerKey: false,
    writtenAt: undefined,
    storedAt: undefined,
    letter: false,
    content: { $case: 'gap', value: {} },
  }
}
