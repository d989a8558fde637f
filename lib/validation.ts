/**
 * The checks of a request's fields against the limits that its contract states.
 *
 * All violations are collected before anything is thrown, so that a caller who got three fields wrong learns of three.
 *
 * @module
 */
import { type FieldViolation, SottoError } from './errors.ts'

/** An account's name, as every contract has it: 1 to 32 characters. Lower case only, so that no two names look alike by case. */
export const USERNAME = /^[a-z0-9][a-z0-9._-]{0,31}$/

/** The beginning of names, as who lists people may give it: nothing, or up to 32 characters. */
export const USERNAME_PREFIX = /^[a-z0-9._-]{0,32}$/

/** A request's name in the logs, as it is passed from service to service. */
export const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** The message about a violation of {@link USERNAME}. */
const USERNAME_LIMIT = 'must be 1 to 32 characters of a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit'

/** The last moment that a google.protobuf.Timestamp can be, in milliseconds of Unix time: the end of the year 9999. */
const LAST_TIME_MS = Date.UTC(10_000, 0) - 1

/** Whether a time that another end has sent is one since 1970 that clocks can show, and no decoded number out of range. */
export function isTimestamp(time: Date | undefined): time is Date {
  const ms = time?.getTime() ?? Number.NaN
  // Written so that what is not a number is none, too.
  return ms >= 0 && ms <= LAST_TIME_MS
}

/** The violations of one request. */
export class Violations {
  readonly #found: FieldViolation[] = []

  /**
   * Note a violation unless the condition holds.
   *
   * @param field - The field's name in the contract, snake_case; `endpoints[2].port` for one inside a list.
   * @param limit - The limit in words, beginning with "must". It never quotes the value.
   */
  expect(condition: boolean, field: string, limit: string): void {
    if (!condition) this.#found.push({ field, description: limit })
  }

  /**
   * Note a violation unless a list has one entry to so many.
   *
   * @param what - What the entries are, in the words of the limit.
   * @returns those that are to be looked at: none beyond the limit, as an answer must not grow with what a caller sends.
   */
  expectSome<T>(all: readonly T[], most: number, field: string, what: string): readonly T[] {
    this.expect(all.length >= 1 && all.length <= most, field, `must be 1 to ${most} ${what}`)
    return all.slice(0, most)
  }

  expectUsername(value: string, field: string): void {
    this.expect(USERNAME.test(value), field, USERNAME_LIMIT)
  }

  expectBytes(value: Uint8Array, length: number, field: string): void {
    this.expect(value.length === length, field, `must be ${length} bytes`)
  }

  /**
   * Note a violation unless the condition holds for each of several values: one that names all for which it does not, as
   * an answer must not grow with what a caller sends.
   *
   * @param field - Names those at some places, such as `1, 4`, of a list: `endpoints[1, 4].port`.
   */
  expectEach<T>(
    values: readonly T[],
    condition: (value: T) => boolean,
    field: (places: string) => string,
    limit: string,
  ): void {
    const wrong = values.flatMap((value, index) => (condition(value) ? [] : [index]))
    this.expect(wrong.length === 0, field(wrong.join(', ')), limit)
  }

  expectUsernames(values: readonly string[], field: (places: string) => string): void {
    this.expectEach(values, (value) => USERNAME.test(value), field, USERNAME_LIMIT)
  }

  expectBytesOfEach(values: readonly Uint8Array[], length: number, field: (places: string) => string): void {
    this.expectEach(values, (value) => value.length === length, field, `must be ${length} bytes`)
  }

  /** @throws SottoError `ERR_INVALID_ARGUMENT` with every violation that was noted, if there was one. */
  throwIfAny(): void {
    if (this.#found.length === 0) return
    const fields = this.#found.map(({ field }) => field).join(', ')
    throw new SottoError('ERR_INVALID_ARGUMENT', `the request breaks a limit in ${fields}`, { violations: this.#found })
  }
}
