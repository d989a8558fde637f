/**
 * Has a directory follow what the others at its PostgreSQL tell.
 *
 * @module
 */
import type { AccountNotices } from '#lib/runtime/database/account-notices.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { PresenceRegistry } from './presence.ts'
import type { DirectorySchema } from './store.ts'

export interface PresenceListening {
  readonly presence: PresenceRegistry
  readonly notices: AccountNotices<DirectorySchema>
  readonly log: Logger
}

/** Follow until the returned function is called. */
export function keepListening({ presence, notices, log }: PresenceListening): () => Promise<void> {
  // What fails here is done again with the next renewal of the lease.
  const onFailure = (err: unknown) => log.warn({ err }, 'cannot look up what another directory has changed')
  return notices.listen(
    (accounts) => void presence.recheck(accounts).catch(onFailure),
    () => void presence.renew().catch(onFailure),
  )
}
