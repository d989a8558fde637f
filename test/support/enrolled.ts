/**
 * A second factor as its owner has it: the secret in an app, and the recovery codes on paper.
 *
 * @module
 */
import type { LoginRequest } from '#gen/sotto/auth/v1/auth_service.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { TOTP_STEP_MS } from '#lib/second-factor.ts'
import { Secret } from '#lib/secret.ts'
import { totpCode, totpStep } from '#lib/totp.ts'
import { FakeClock } from './clock.ts'
import { type AuthUnderTest, loginRequestOf } from './running-auth.ts'

export class Enrolled {
  readonly secret: Secret
  readonly recoveryCodes: readonly string[]
  readonly #clock: Clock

  /**
   * Give an account a second factor; one that it has is replaced by a code of it.
   *
   * @param changes - To the sign-in that confirms it.
   */
  static async begin(
    auth: AuthUnderTest,
    name: string,
    clock: Clock,
    code = '',
    changes: Partial<LoginRequest> = {},
  ): Promise<Enrolled> {
    const { call } = auth.connect()
    const request = { ...loginRequestOf(name), ...changes }
    const { secret: bytes } = await call.beginSecondFactor({ username: name, password: request.password, code })
    const secret = Secret.of(bytes)
    const { recoveryCodes } = await call.login({ ...request, code: totpCode(secret, totpStep(clock.now().getTime())) })
    return new Enrolled(secret, recoveryCodes, clock)
  }

  private constructor(secret: Secret, recoveryCodes: readonly string[], clock: Clock) {
    this.secret = secret
    this.recoveryCodes = recoveryCodes
    this.#clock = clock
  }

  /** What the app shows in the next step, to which the clock is moved, where a test can. */
  nextCode(): string {
    if (!(this.#clock instanceof FakeClock)) throw new Error('the clock goes by itself')
    this.#clock.advance(TOTP_STEP_MS)
    return this.code()
  }

  /** What the app shows now. @param ahead - Of a clock that is so many steps ahead. */
  code(ahead = 0): string {
    return totpCode(this.secret, totpStep(this.#clock.now().getTime()) + ahead)
  }

  /** A code that is none of those that are taken now. */
  wrongCode(): string {
    const right = [-1, 0, 1].map((ahead) => this.code(ahead))
    return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? ''
  }
}
