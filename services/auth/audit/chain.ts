/**
 * The chain of the audit log: each entry holds the hash of the one before, so that none can be changed, taken out or moved
 * without all that follow it. Whoever keeps a hash elsewhere can later prove that everything up to it is as it was.
 *
 * The hash of an entry is SHA-256 of the UTF-8 of one line of JSON without spaces:
 *
 *     ["sotto audit v1",NUMBER,AT,WHO,WHAT,SUBJECT,DETAIL,PREVIOUS]
 *
 * with AT in milliseconds since 1970, and PREVIOUS as 64 lower-case hexadecimal digits.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { isSame } from '#lib/same-bytes.ts'

/** Bytes of a hash. */
const HASH_BYTES = 32

const LABEL = 'sotto audit v1'

/** What an entry tells. */
export interface AuditEntry {
  /** Counted from 1, without gaps. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** A member's name, or one of {@link HOST}, {@link AUTH} and {@link SOMEBODY}. */
  readonly who: string
  readonly what: string
  /** The member that it is about; empty if it is about none. */
  readonly subject: string
  /** The reason of a refusal, or what else is to be known; empty for nothing. */
  readonly detail: string
}

/** An entry as it is kept. */
export interface ChainedEntry extends AuditEntry {
  /** The hash of the entry before, 32 bytes. */
  readonly previous_hash: Uint8Array
}

/** The end of a chain. */
export interface AuditHead {
  /** Of the last entry; 0 if there is none. */
  readonly number: number
  /** Its hash, 32 bytes. */
  readonly hash: Uint8Array
}

/** Whoever administers the machine. No member has such a name. */
export const HOST = '(host)'

/** Auth by itself. */
export const AUTH = '(auth)'

/** Whoever called, and has shown nothing yet. */
export const SOMEBODY = '(somebody)'

/** The end of a chain that has no entries. */
export const EMPTY_HEAD: AuditHead = { number: 0, hash: Buffer.alloc(HASH_BYTES) }

/** The end of the chain that an entry is the last of. */
export function headAt({ number, at, who, what, subject, detail, previous_hash }: ChainedEntry): AuditHead {
  const previous = Buffer.from(previous_hash).toString('hex')
  const line = JSON.stringify([LABEL, number, at, who, what, subject, detail, previous])
  return { number, hash: createHash('sha256').update(line).digest() }
}

/** Put an entry behind the end of a chain. */
export function chain(head: AuditHead, entry: Omit<AuditEntry, 'number'>): ChainedEntry {
  return { ...entry, number: head.number + 1, previous_hash: head.hash }
}

/** @returns what is wrong with an entry that comes next, in words; undefined if it belongs there. */
export function faultOf(head: AuditHead, entry: ChainedEntry): string | undefined {
  const first = head.number + 1
  if (entry.number > first) {
    return entry.number === first + 1
      ? `entry ${first} is missing`
      : `entries ${first} to ${entry.number - 1} are missing`
  }
  if (isSame(entry.previous_hash, head.hash)) return undefined
  return head.number === 0
    ? 'entry 1 was changed'
    : `entry ${entry.number} does not follow entry ${head.number}: one of them was changed or moved`
}

/**
 * @param head - Where reading has ended.
 * @param kept - Where the log ends, as was noted with its last entry.
 * @returns what is wrong, in words; undefined if nothing is.
 */
export function faultAtEnd(head: AuditHead, kept: AuditHead): string | undefined {
  if (kept.number > head.number) {
    const first = head.number + 1
    return first === kept.number ? `entry ${first} is missing` : `entries ${first} to ${kept.number} are missing`
  }
  if (kept.number < head.number) return `entries behind ${kept.number} were put there`
  return isSame(head.hash, kept.hash) ? undefined : `entry ${head.number} was changed`
}
