/**
 * The audit log for the host, from Auth's own database, whether Auth runs or not.
 *
 * @module
 */
import { type AdminConfig, withDatabase } from '../admin.ts'
import { type ReadAuditOptions, readAudit } from './audit-log.ts'
import type { AuditHead } from './chain.ts'

/**
 * Read the audit log, and check it.
 *
 * @returns where it ends.
 * @throws SottoError as {@link readAudit} does; `ERR_CONFIG` if there is no installation; `ERR_STORE`.
 */
export async function audit(config: AdminConfig, options: ReadAuditOptions): Promise<AuditHead> {
  return await withDatabase(config, (db) => readAudit(db, options))
}
