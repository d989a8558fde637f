/**
 * The commands of a chat about the keys of contacts: which are compared, trusted and blocked.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { safetyNumberRows } from '#lib/trust/safety-number.ts'
import type { Messenger } from '../messenger/messenger.ts'
import { noteMismatch, pinIn, setBlocked, stateOf, TRUSTED, trust, verify } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { type ComparableKey, comparableKeys, headingOf, keyStateNotice } from '../profile/safety-number.ts'
import type { View } from './view.ts'

export interface KeyCommandsOptions {
  readonly view: View
  readonly messenger: Messenger
  readonly profile: Profile
  readonly now: () => Date
}

export class KeyCommands {
  readonly #options: KeyCommandsOptions
  /** The names whose safety numbers were shown, and for which identity keys. */
  readonly #shown = new Map<string, readonly ComparableKey[]>()

  constructor(options: KeyCommandsOptions) {
    this.#options = options
  }

  /** Show the safety number with a contact, for each key that may be theirs. */
  async verify(name: string): Promise<void> {
    const { view, profile } = this.#options
    await profile.refresh()
    const keys = comparableKeys(profile, name).filter((each) => each !== undefined)
    const isOne = keys.length === 1
    for (const each of keys) {
      const { digits, words } = safetyNumberRows(each.number)
      const heading = isOne ? [] : [headingOf(each, name), '']
      view.notice([...heading, ...digits, '', ...words].join('\n'))
    }
    await this.#tellState(name)
    const noted = isOne ? `/verified ${name}` : `/verified ${name} pinned, or /verified ${name} seen`
    view.notice(`if ${name} sees the same, on a screen that you trust: ${noted}; if not: /mismatch ${name}`)
    // The largest last: what would come below it pushes its top off the screen.
    for (const each of keys) {
      if (!isOne) view.notice(headingOf(each, name))
      view.qrCode(each.number.qrText)
    }
    this.#shown.set(name, keys)
  }

  /** Note that a safety number that was shown here agreed; with two of them, `pinned` or `seen` says which. */
  async verified(name: string, which: string | undefined): Promise<void> {
    const { profile, messenger, now } = this.#options
    const shown = this.#shown.get(name)
    if (shown === undefined) {
      throw new SottoError('ERR_USAGE', `the safety number with ${name} has not been shown here`, {
        hint: `compare it first: /verify ${name}`,
      })
    }
    const agreed = shown.filter(({ key }) => which === undefined || key === which)
    const [one] = agreed
    if (one === undefined || agreed.length > 1) {
      throw new SottoError('ERR_USAGE', `${shown.length === 1 ? 'one key is' : 'two keys are'} said to be ${name}’s`, {
        hint:
          shown.length === 1 ? `/verified ${name}` : `say which: /verified ${name} pinned, or /verified ${name} seen`,
      })
    }
    await verify(profile, name, one.identityKey, now())
    await this.#tellState(name)
    messenger.peer(name).call()
  }

  /** Note that a safety number did not agree. */
  async mismatch(name: string): Promise<void> {
    const { profile, now } = this.#options
    await noteMismatch(profile, name, now())
    await this.#tellState(name)
  }

  /** Take the key that a contact has now for theirs. */
  async trust(name: string): Promise<void> {
    const { view, profile, messenger, now } = this.#options
    view.notice(TRUSTED[await trust(profile, name, now())](name))
    await this.#tellState(name)
    messenger.peer(name).call()
  }

  /** Say how things stand with a contact's key, from the pin as it is now. */
  async #tellState(name: string): Promise<void> {
    const { view, profile } = this.#options
    const pin = pinIn(await profile.refresh(), name)
    view.keyState(name, stateOf(pin), keyStateNotice(name, pin))
  }

  /** Block a contact, or unblock them. */
  async block(name: string, isBlocked: boolean): Promise<void> {
    const { view, profile, messenger } = this.#options
    await setBlocked(profile, name, isBlocked)
    view.notice(`${name} is ${isBlocked ? 'blocked' : 'not blocked'}`)
    if (isBlocked) await messenger.peer(name).goodbye()
    else messenger.peer(name).call()
  }
}
