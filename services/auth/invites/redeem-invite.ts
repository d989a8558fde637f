/**
 * The taking up of an invite: an account is made, or its password set, in the transaction that spends the code.
 *
 * @module
 */
import type { Kysely, Selectable, Transaction } from 'kysely'
import { inviteCodeHash } from '#lib/invite-link.ts'
import { inTransaction } from '#lib/runtime/database/queries.ts'
import type { Secret } from '#lib/secret.ts'
import { insertAccounts, newAccountRow, replacePassword } from '../accounts/account-rows.ts'
import { appendAudit, byMember } from '../audit/audit-log.ts'
import type { AuthSchema, InviteTable } from '../store.ts'
import { checkFree, type InviteState, inviteState } from './invites.ts'

/** Who may sign up: whoever has an invite, everybody, or nobody. */
export const SIGN_UP_MODES = ['invite', 'open', 'closed'] as const
export type SignUpMode = (typeof SIGN_UP_MODES)[number]

/** Why an invite is not taken up. The host is told; the caller is not. */
export type Refusal = Exclude<InviteState, 'open'> | 'unknown' | 'for another name' | 'none' | 'closed'

export interface Redeemed {
  /** Undefined where none was needed, or none is known by the code. */
  readonly inviteId: string | undefined
  /** Undefined if it was taken up. */
  readonly refusal: Refusal | undefined
}

export interface Redemption {
  /** Undefined where the caller has none. */
  readonly code: Secret | undefined
  readonly username: string
  /** A PHC string: the password was hashed before this, whatever the code. */
  readonly passwordHash: string
}

type InviteRow = Selectable<InviteTable>

/**
 * Spend a code, or sign up without one.
 *
 * @throws SottoError `ERR_ACCOUNT_EXISTS` if the name of an account that would be made is taken.
 */
export async function redeemInvite(
  db: Kysely<AuthSchema>,
  redemption: Redemption,
  { mode, nowMs }: { readonly mode: SignUpMode; readonly nowMs: number },
): Promise<Redeemed> {
  const { code, username } = redemption
  return await inTransaction(db, async (transaction) => {
    if (code === undefined) {
      if (mode !== 'open') return { inviteId: undefined, refusal: mode === 'closed' ? 'closed' : 'none' }
      await makeAccount(transaction, redemption, undefined, nowMs)
      await appendAudit(transaction, [byMember(username, 'joined')], nowMs)
      return { inviteId: undefined, refusal: undefined }
    }
    const invite = await claim(transaction, inviteCodeHash(code))
    const refusal = refusalOf(invite, { username, mode, nowMs })
    if (invite === undefined || refusal !== undefined) return { inviteId: invite?.id, refusal }
    const accountId =
      invite.account_id === null
        ? await makeAccount(transaction, redemption, invite, nowMs)
        : await resetPassword(transaction, invite.account_id, redemption, nowMs)
    await transaction
      .updateTable('invite')
      .set({ used_at: nowMs, account_id: accountId, name: username })
      .where('id', '=', invite.id)
      .execute()
    const what = invite.account_id === null ? 'joined' : 'password reset'
    await appendAudit(transaction, [byMember(username, what, `invite ${invite.id}`)], nowMs)
    return { inviteId: invite.id, refusal: undefined }
  })
}

/** The invite of a code, and its row held until the transaction ends: two callers at once cannot both find it open. */
async function claim(transaction: Transaction<AuthSchema>, codeHash: Uint8Array): Promise<InviteRow | undefined> {
  return await transaction
    .updateTable('invite')
    .set((invite) => ({ created_at: invite.ref('created_at') }))
    .where('code_hash', '=', codeHash)
    .returningAll()
    .executeTakeFirst()
}

function refusalOf(
  invite: InviteRow | undefined,
  { username, mode, nowMs }: { readonly username: string; readonly mode: SignUpMode; readonly nowMs: number },
): Refusal | undefined {
  if (invite === undefined) return 'unknown'
  const state = inviteState(invite, nowMs)
  if (state !== 'open') return state
  if (invite.name !== null && invite.name !== username) return 'for another name'
  // Those who are members already may still set a password.
  return mode === 'closed' && invite.account_id === null ? 'closed' : undefined
}

async function makeAccount(
  transaction: Transaction<AuthSchema>,
  { username, passwordHash }: Redemption,
  invite: InviteRow | undefined,
  nowMs: number,
): Promise<Uint8Array> {
  await checkFree(transaction, [username], nowMs, invite?.code_hash)
  const account = newAccountRow({ name: username, passwordHash, nowMs })
  const { display_name = '', cohort = null } = invite ?? {}
  await insertAccounts(transaction, [{ ...account, display_name, cohort }])
  return account.id
}

async function resetPassword(
  transaction: Transaction<AuthSchema>,
  accountId: Uint8Array,
  { passwordHash }: Redemption,
  nowMs: number,
): Promise<Uint8Array> {
  await replacePassword(transaction, accountId, { passwordHash, nowMs })
  return accountId
}
