/**
 * The schema of a database: named steps, each taken once.
 *
 * @module
 */
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/** Named steps that make the schema, applied in the order of their names. A released one never changes. */
export type Migrations = Readonly<Record<string, Migration>>

/**
 * Take the steps that are still to be taken, all or none. Processes that begin at once take turns: Kysely holds a lock
 * in the database meanwhile.
 *
 * @throws whatever the database fails with; an Error where it has steps that are not known here.
 */
export async function migrate<Schema>(database: Kysely<Schema>, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

/** Tells whether a database has taken exactly these steps. It is not changed. */
export async function isOfThisVersion<Schema>(database: Kysely<Schema>, migrations: Migrations): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database)
  return rows.map(({ name }) => name).join() === Object.keys(migrations).sort().join()
}
