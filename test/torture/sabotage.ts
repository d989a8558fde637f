/**
 * A disk that lies, to show that the oracle notices: in place of a batch of received messages it stores another. It has
 * the profile key, so every seal holds and the store itself cannot notice.
 *
 * @module
 */
import type { Secret } from '#lib/secret.ts'
import type { Database, SqlValue } from '../../clients/store/disk/database.ts'
import { deriveStoreKey, type Random, RowSeal, uint64 } from '../../clients/store/disk/row-seal.ts'
import { type Batch, decodeBatch, encodeBatch } from '../../clients/store/rows/batch.ts'

/** The lies about a batch: its first message is left out, stored twice, or swapped with the second. */
export const SABOTAGES = ['drop', 'dup', 'swap'] as const
export type Sabotage = (typeof SABOTAGES)[number]

/** What a mailbox may do to all letters, to no harm: give each twice, lose each, or give the last first. */
export const LETTER_FAULTS = ['letter-twice', 'letter-lost', 'letter-swapped'] as const
export type LetterFault = (typeof LETTER_FAULTS)[number]

/** A database that lies. @param chance - Decides for each batch of several messages whether to lie about it. */
export function lyingDatabase(
  database: Database,
  {
    sabotage,
    profileKey,
    random,
    chance,
  }: { sabotage: Sabotage; profileKey: Secret; random: Random; chance: () => boolean },
): Database {
  const lie = (id: SqlValue, sealed: SqlValue): SqlValue => {
    const [storeId] = database.prepare('select store_id from head').all()[0] ?? []
    const seal = new RowSeal(deriveStoreKey(profileKey, storeId as Uint8Array, 'sotto store batch v1'), random)
    const row = uint64(id as number)
    const batch = decodeBatch(seal.open(row, sealed as Uint8Array))
    if (batch.direction !== 'incoming' || batch.events.length < 2 || !chance()) return sealed
    return seal.seal(row, encodeBatch({ ...batch, events: altered(batch, sabotage) }))
  }
  return {
    ...database,
    prepare(sql) {
      const statement = database.prepare(sql)
      if (!sql.startsWith('insert into batch')) return statement
      return { ...statement, run: (id = null, sealed = null) => statement.run(id, lie(id, sealed)) }
    },
  }
}

function altered({ events }: Batch, sabotage: Sabotage): Uint8Array[] {
  const [first, second, ...others] = events as [Uint8Array, Uint8Array, ...Uint8Array[]]
  if (sabotage === 'drop') return [second, ...others]
  return sabotage === 'dup' ? [first, first, second, ...others] : [second, first, ...others]
}
