/**
 * The kinds of events, told apart so that none is left out: with a kind that the contract has and a table has not, the
 * table does not compile. Whatever shows events, writes them out or searches them goes through here.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'

type EventKind = NonNullable<Event['kind']>

/** A function for each kind of event, which takes what an event of that kind holds. */
export type ByKind<Result> = {
  readonly [Kind in EventKind as Kind['$case']]: (value: Kind['value']) => Result
}

/**
 * Give an event to the function for its kind.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for an event of no known kind, as a later version may have written it.
 */
export function byKind<Result>({ kind }: Pick<Event, 'kind'>, table: ByKind<Result>): Result {
  if (kind === undefined) {
    throw new SottoError('ERR_RECORD_MALFORMED', 'an event is of no known kind', {
      hint: 'update sotto: a later version may have written it',
    })
  }
  return (table[kind.$case] as (value: EventKind['value']) => Result)(kind.value)
}
