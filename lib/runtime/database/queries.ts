/**
 * How queries and transactions are run.
 *
 * @module
 */
import { type CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { isPostgres } from './dialect.ts'
import { isConflict } from './postgres-errors.ts'

/** How often a transaction is tried that others got in the way of. */
const MAX_ATTEMPTS = 3

/**
 * A query of a hot path, compiled once: building and compiling one takes several times as long as running it.
 *
 * @param query - With any values. @returns what runs it with others, in the order in which the query names them.
 */
export function compileOnce<Schema, Row>(
  database: Kysely<Schema>,
  query: { compile(): CompiledQuery; execute(): Promise<Row[]> },
): (...values: readonly unknown[]) => Promise<Row[]> {
  const run = compileWithin<Schema, Row>(query)
  return (...values) => run(database, ...values)
}

/** The same for a query that runs in transactions: what runs it is given the transaction first. */
export function compileWithin<Schema, Row>(query: {
  compile(): CompiledQuery
}): (transaction: Kysely<Schema>, ...values: readonly unknown[]) => Promise<Row[]> {
  const compiled = query.compile()
  return async (transaction, ...parameters) => (await transaction.executeQuery<Row>({ ...compiled, parameters })).rows
}

/**
 * Run a transaction, all of it or nothing; and again where PostgreSQL ended it because of another that ran at once.
 *
 * @param work - May run {@link MAX_ATTEMPTS} times, and so changes nothing but the database.
 * @throws whatever `work` throws; SottoError `ERR_BUSY` if others got in the way each time.
 */
export async function inTransaction<Schema, T>(
  database: Kysely<Schema>,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().execute(work)
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/**
 * Run reads that all see the database as it is at one moment, while others go on writing.
 *
 * @throws whatever `work` throws.
 */
export async function inSnapshot<Schema, T>(
  database: Kysely<Schema>,
  work: (snapshot: Kysely<Schema>) => Promise<T>,
): Promise<T> {
  // A transaction of Kysely's own would be one that writes: on SQLite it would keep others from it.
  const begin = isPostgres(database) ? sql`begin isolation level repeatable read read only` : sql`begin deferred`
  return await database.connection().execute(async (connection) => {
    await begin.execute(connection)
    try {
      return await work(connection)
    } finally {
      await sql`rollback`.execute(connection)
    }
  })
}

/**
 * The same for a query that begins with a list of values, compiled once for each length that is a power of two: a list
 * is filled up with its last value.
 *
 * @param queryFor - Makes the query for a list, with any other values. @returns what runs it for a list, of one value at
 *   least, and with others.
 */
export function compileForList<Schema, Value, Row>(
  database: Kysely<Schema>,
  queryFor: (list: readonly Value[]) => { compile(): CompiledQuery; execute(): Promise<Row[]> },
): (list: readonly Value[], ...others: readonly unknown[]) => Promise<Row[]> {
  const byLength = new Map<number, (...values: readonly unknown[]) => Promise<Row[]>>()
  return async (list, ...others) => {
    const length = 2 ** Math.ceil(Math.log2(list.length))
    const filled = [...list, ...Array<Value>(length - list.length).fill(list.at(-1) as Value)]
    const run = byLength.get(length) ?? compileOnce(database, queryFor(filled))
    byLength.set(length, run)
    return await run(...filled, ...others)
  }
}
