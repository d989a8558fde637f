/**
 * Transfers in a list, and those that a person names out of it.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { isOver, type Transfer } from '../../store/transfers/transfer.ts'
import { escapeForTerminal } from '../../terminal/escape.ts'
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
  const { contact, direction, name, files, size, state, isPaused = false, position, path, at } = transfer
  return { type: 'transfer', id, contact, direction, name, files, size, state, paused: isPaused, position, path, at }
}

/**
 * The transfers whose ids begin with these digits, each once however often it is named.
 *
 * @throws SottoError that names all of the digits that name none, or several: `ERR_NO_SUCH_FILE` or `ERR_USAGE`.
 */
export function transfersWithIds(transfers: readonly Transfer[], typed: readonly string[]): Transfer[] {
  const hint = 'sotto files shows them with their ids'
  const malformed = typed.filter((digits) => !/^[0-9a-f]{1,32}$/i.test(digits))
  if (malformed.length > 0) {
    throw new SottoError('ERR_USAGE', `an id is a number of hexadecimal digits, and not: ${shown(malformed)}`, { hint })
  }
  const withDigits = (digits: string) => transfers.filter(({ id }) => id.startsWith(digits.toLowerCase()))
  const unknown = typed.filter((digits) => withDigits(digits).length === 0)
  if (unknown.length > 0) throw new SottoError('ERR_NO_SUCH_FILE', `no transfer has the id ${shown(unknown)}`, { hint })
  const ambiguous = typed.filter((digits) => withDigits(digits).length > 1)
  if (ambiguous.length > 0) {
    throw new SottoError('ERR_USAGE', `several transfers have an id that begins with ${shown(ambiguous)}`, {
      hint: 'name more of its digits; sotto files --json shows all of them',
    })
  }
  return [...new Set(typed.flatMap(withDigits))]
}

function shown(words: readonly string[]): string {
  return words.map(escapeForTerminal).join(', ')
}
