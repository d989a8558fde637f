/**
 * What `sotto doctor` finds: each check ends in one finding, in plain words, with what to do about it.
 *
 * @module
 */
import { type ErrorCode, isSottoError, type SottoError } from '#lib/errors.ts'
import { systemRefusal } from '#lib/runtime/system-errors.ts'

/** Nothing is wrong; nothing is, but it is worth knowing; something is. */
export type FindingState = 'ok' | 'note' | 'fault'

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly about: string
  readonly state: FindingState
  readonly text: string
  /** What to do: one clause. */
  readonly todo?: string | undefined
  /** Of a fault. */
  readonly code?: ErrorCode
}

/** What a check has seen that found no fault. */
export interface Seen {
  readonly text: string
  /** Makes it a note. */
  readonly todo?: string | undefined
}

/** Takes each finding as soon as it is there. */
export type Report = (finding: Finding) => void

/**
 * Run a check, and report it.
 *
 * @param look - Throws a SottoError, or one of the operating system, where something is wrong.
 * @returns what it has seen; undefined for a fault.
 */
export async function check<T extends Seen>(
  report: Report,
  about: string,
  look: () => Promise<T> | T,
): Promise<T | undefined> {
  try {
    const seen = await look()
    const { text, todo } = seen
    report({ about, state: todo === undefined ? 'ok' : 'note', text, todo })
    return seen
  } catch (error) {
    const fault = isSottoError(error) ? error : systemRefusal(error)
    if (fault === undefined || fault.code === 'ERR_INTERRUPTED') throw error
    report(faultOf(about, fault))
    return undefined
  }
}

function faultOf(about: string, { message, hint, code }: SottoError): Finding {
  return { about, state: 'fault', text: message, todo: hint, code }
}
