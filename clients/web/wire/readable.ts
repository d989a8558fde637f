/**
 * The fields of a message that somebody can read.
 *
 * @module
 */
import type { Reader } from './adversaries.ts'
import type { Field, Message } from './trace-file.ts'

/** A field within its message: of a sealed one, that it is there; what is inside are fields of their own. */
export interface PlacedField {
  readonly field: Field
  /** The names of the fields around it, and its own. */
  readonly path: readonly string[]
  readonly isReadable: boolean
}

/** All fields of a message, those inside of others behind them. */
export function placedFields(message: Message, reader: Reader): PlacedField[] {
  const isOpen = reader.sees(message) && (message.seal === undefined || reader.opens(message.seal))
  return message.fields.flatMap((field) => placed(field, [], isOpen, reader))
}

function placed(field: Field, around: readonly string[], isReadable: boolean, reader: Reader): PlacedField[] {
  const { seal, inside = [] } = field
  const path = [...around, field.name]
  const isInsideReadable = seal === undefined ? isReadable : reader.opens(seal) && (isReadable || reader.made(seal))
  const isFieldReadable = NOT_SENT.has(field.name) ? reader.isTold : isReadable
  return [
    { field, path, isReadable: isFieldReadable },
    ...inside.flatMap((inner) => placed(inner, path, isInsideReadable, reader)),
  ]
}

/** Fields that whoever tells of a message adds to it: they do not travel. */
const NOT_SENT: ReadonlySet<string> = new Set(['the reason', 'left_out'])

/** Whether somebody can read anything of a message: that something sealed passed is not reading it. */
export function reads(message: Message, reader: Reader): boolean {
  return placedFields(message, reader).some(({ field, isReadable }) => isReadable && field.tone !== 'sealed')
}
