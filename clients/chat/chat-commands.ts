/**
 * The commands of a chat, carried out.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { safetyNumberRows } from '#lib/trust/safety-number.ts'
import { removeConversation } from '../history/forget.ts'
import { nothingOf } from '../history/kept-history.ts'
import { dropMessages, sendAgain, undeliverableMessages, undeliverableWithIds } from '../history/undeliverable.ts'
import type { Messenger } from '../messenger/messenger.ts'
import { mayWrite } from '../profile/permission.ts'
import { noteMismatch, pinIn, setBlocked, stateOf, TRUSTED, trust, verify } from '../profile/pins.ts'
import { type Profile, setReceipts } from '../profile/profile.ts'
import { type ComparableKey, comparableKeys, headingOf, keyStateNotice } from '../profile/safety-number.ts'
import { undeliverableCount } from '../store/log/undeliverable.ts'
import type { Message } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import { helpRows } from './chat-help.ts'
import type { Command, CommandName } from './command.ts'
import type { FileCommands } from './file-commands.ts'
import { showFound, showNewest } from './history-commands.ts'
import type { View } from './view.ts'

export interface ChatCommandsOptions {
  readonly view: View
  readonly messenger: Messenger
  readonly files: FileCommands
  readonly profile: Profile
  readonly store: Store
  readonly now: () => Date
  readonly quit: () => void
}

/** How many messages `/history` shows if it is not told. */
const DEFAULT_HISTORY = 20

type Handler = (argument: string) => Promise<void> | void

export class ChatCommands {
  readonly #options: ChatCommandsOptions
  readonly #handlers: Readonly<Record<CommandName, Handler>>
  /** The names whose safety numbers were shown, and for which identity keys. */
  readonly #shown = new Map<string, readonly ComparableKey[]>()

  constructor(options: ChatCommandsOptions) {
    const { view, files, store, quit } = options
    this.#options = options
    this.#handlers = {
      help: () => view.notice(helpRows().join('\n')),
      to: (name) => this.#talkWith(name),
      next: () => this.#next(),
      who: () => this.#who(),
      history: (count) => showNewest(view, store, count === '' ? DEFAULT_HISTORY : Number(count)),
      show: (number) => view.showWhole(number === '' ? undefined : Number(number)),
      search: (words) => showFound(view, store, words),
      file: (path) => files.offer(path),
      accept: (which) => files.accept(which),
      decline: (which) => files.decline(which),
      cancel: (which) => files.cancel(which),
      files: () => files.list(),
      undeliverable: () => this.#showUndeliverable(),
      again: (ids) => this.#sendAgain(ids),
      drop: (ids) => this.#drop(ids),
      verify: (name) => this.#verify(this.#meant(name)),
      verified: (argument) => this.#verified(argument),
      mismatch: (name) => this.#mismatch(this.#meant(name)),
      trust: (name) => this.#trust(this.#meant(name)),
      block: (name) => this.#block(this.#meant(name), true),
      unblock: (name) => this.#block(this.#meant(name), false),
      forget: (argument) => this.#forget(argument),
      receipts: (setting) => this.#receipts(setting),
      quit,
    }
  }

  /** @throws SottoError what keeps it from being done. */
  async run(command: Command): Promise<void> {
    await this.#handlers[command.name](command.argument ?? '')
    this.#options.view.done(command)
  }

  /** The contact that is named, or else the one whom one talks with. */
  #meant(argument: string): string {
    const name = argument === '' ? this.#options.view.to : argument
    if (name === undefined) throw new SottoError('ERR_USAGE', 'nobody is named', { hint: 'say whom' })
    return name
  }

  #talkWith(name: string): void {
    const { messenger, view } = this.#options
    messenger.peer(name)
    view.switchTo(name)
  }

  #next(): void {
    const { view } = this.#options
    const name = view.nextUnread
    if (name === undefined) view.notice('nobody else has written')
    else this.#talkWith(name)
  }

  async #who(): Promise<void> {
    const { view, store, messenger, profile } = this.#options
    // Keys are verified in another terminal.
    const { pins } = await profile.refresh()
    const people = store.contacts().map(({ name, unread, waiting }) => {
      const pin = pins.get(name)
      const undeliverable = pin === undefined ? 0 : undeliverableCount(store, name, pin.identityKey)
      return { name, isOnline: messenger.isOnline(name), key: pin && stateOf(pin), unread, waiting, undeliverable }
    })
    view.who(people)
  }

  async #verify(name: string): Promise<void> {
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

  async #verified(argument: string): Promise<void> {
    const { profile, messenger, now } = this.#options
    const [who = '', which] = argument.split(/ +/)
    const name = this.#meant(who)
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

  async #mismatch(name: string): Promise<void> {
    const { profile, now } = this.#options
    await noteMismatch(profile, name, now())
    await this.#tellState(name)
  }

  async #trust(name: string): Promise<void> {
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

  async #forget(argument: string): Promise<void> {
    const { view, store, messenger } = this.#options
    const [name = '', yes] = argument.split(/ +/)
    const isKept = store.names().includes(name)
    if (!isKept && view.to !== name) throw nothingOf(name)
    if (yes === undefined && (await hasReached(store, name))) {
      throw new SottoError('ERR_USAGE', `all that was said with ${name} would be gone, and there is no way back`, {
        hint: `if that is meant: /forget ${name} yes`,
      })
    }
    const waiting = await removeConversation(store, name)
    messenger.takeAppended()
    view.forgotten(name, waiting)
  }

  async #showUndeliverable(): Promise<void> {
    const { view, store, profile } = this.#options
    const messages = undeliverableMessages(store, await profile.refresh())
    view.undeliverable(messages)
  }

  /** The messages with these ids, among all that wait for a key that was replaced. */
  async #undeliverable(ids: string): Promise<Message[]> {
    const { store, profile } = this.#options
    return undeliverableWithIds(undeliverableMessages(store, await profile.refresh()), ids.split(/ +/))
  }

  async #sendAgain(ids: string): Promise<void> {
    const { view, store, profile, messenger } = this.#options
    const messages = await this.#undeliverable(ids)
    await sendAgain(store, (name) => mayWrite(profile, name), messages)
    messenger.takeAppended()
    view.showAppended()
    view.notice(`sent again: ${countText(messages)}`)
  }

  async #drop(ids: string): Promise<void> {
    const { view, store, profile } = this.#options
    const messages = await this.#undeliverable(ids)
    dropMessages(store, profile.state, messages)
    view.notice(`dropped: ${countText(messages)}`)
  }

  async #receipts(setting: string): Promise<void> {
    const { view, profile } = this.#options
    const isOn = setting === '' ? profile.state.receipts : setting === 'on'
    if (setting !== '') await setReceipts(profile, isOn)
    view.notice(isOn ? 'others see what you have read' : 'others do not see what you have read')
  }

  async #block(name: string, isBlocked: boolean): Promise<void> {
    const { view, profile, messenger } = this.#options
    await setBlocked(profile, name, isBlocked)
    view.notice(`${name} is ${isBlocked ? 'blocked' : 'not blocked'}`)
    if (isBlocked) await messenger.peer(name).goodbye()
    else messenger.peer(name).call()
  }
}

function countText({ length }: readonly Message[]): string {
  return length === 1 ? 'one message' : `${length} messages`
}

/** Whether anything that was said may have come to somebody, or anything has come from them. */
async function hasReached(store: Store, name: string): Promise<boolean> {
  for await (const message of store.messages([name])) {
    if (message.kind !== 'message' || message.state !== 'waiting') return true
  }
  return false
}
