/**
 * Transfers in a list, and those that a person names out of it.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { isOver, type Transfer } from '../../store/transfers/transfer.ts'
import { transferText } from './describe.ts'
import { SHORT_ID_DIGITS } from './file-events.ts'

/** How many transfers that are over are listed unless all are asked for. */
export const MAX_PAST = 20

/** The last so many that are over, and all that are not, each in their order. */
export function recent(transfers: readonly Transfer[]): Transfer[] {
  const past = transfers.filter(isOver).slice(-MAX_PAST)
  return transfers.filter((transfer) => !isOver(transfer) || past.includes(transfer))
}

/** `ab12cd34  from bob  report.pdf, 3.4 MB, offered`. Safe for a terminal, and a line whatever the names are. */
export function transferRow(transfer: Transfer): string {
  const { id, direction, contact } = transfer
  const who = `${direction === 'uploading' ? 'to' : 'from'} ${contact}`
  return `${id.slice(0, SHORT_ID_DIGITS)}  ${who}  ${transferText(transfer)}`
}

/** A transfer as JSON has it. */
export function transferFields({ id, ...transfer }: Transfer): object {
  const { contact, direction, name, files, size, state, position, path, at } = transfer
  return { type: 'transfer', id, contact, direction, name, files, size, state, position, path, at }
}

/**
 * The transfer whose id begins with these digits.
 *
 * @throws SottoError `ERR_NO_SUCH_FILE` if there is none; `ERR_USAGE` if there are several, or none are given.
 */
export function transferWithId(transfers: readonly Transfer[], digits: string): Transfer {
  const hint = 'sotto files shows them with their ids'
  if (!/^[0-9a-f]{1,32}$/i.test(digits)) {
    throw new SottoError('ERR_USAGE', 'an id is a number of hexadecimal digits', { hint })
  }
  const [found, other] = transfers.filter(({ id }) => id.startsWith(digits.toLowerCase()))
  if (found === undefined) throw new SottoError('ERR_NO_SUCH_FILE', `no transfer has the id ${digits}`, { hint })
  if (other !== undefined) {
    throw new SottoError('ERR_USAGE', `several transfers have an id that begins with ${digits}`, {
      hint: 'name more of its digits; sotto files --json shows all of them',
    })
  }
  return found
}
