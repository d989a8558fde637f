/**
 * The commands of a chat, carried out.
 *
 * @module
 */
import { asSottoError, SottoError } from '#lib/errors.ts'
import { removeConversation } from '../history/forget.ts'
import { nothingOf } from '../history/kept-history.ts'
import { dropMessages, sendAgain, undeliverableMessages, undeliverableWithIds } from '../history/undeliverable.ts'
import type { Messenger } from '../messenger/messenger.ts'
import { mayWrite } from '../profile/permission.ts'
import { stateOf } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { setReceipts } from '../profile/settings.ts'
import type { Message } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import { helpRows } from './chat-help.ts'
import type { Command, CommandName } from './command.ts'
import type { FileCommands } from './file-commands.ts'
import { showFound, showNewest } from './history-commands.ts'
import { KeyCommands } from './key-commands.ts'
import type { Roster } from './roster.ts'
import type { View } from './view.ts'

export interface ChatCommandsOptions {
  readonly view: View
  readonly messenger: Messenger
  readonly files: FileCommands
  readonly profile: Profile
  readonly store: Store
  readonly roster: Roster
  readonly now: () => Date
  readonly quit: () => void
}

/** How many messages `/history` shows if it is not told. */
const DEFAULT_HISTORY = 20

/** What of a command takes a while. What is typed behind it does not wait. */
interface Lasting {
  /** Rejects with what keeps it from being done. */
  readonly ended: Promise<void>
}

type Handler = (argument: string) => Promise<void> | Lasting | void

export class ChatCommands {
  readonly #options: ChatCommandsOptions
  readonly #handlers: Readonly<Record<CommandName, Handler>>

  constructor(options: ChatCommandsOptions) {
    const { view, files, store, roster, quit } = options
    this.#options = options
    const keys = new KeyCommands(options)
    this.#handlers = {
      help: () => view.notice(helpRows().join('\n')),
      to: (name) => this.#talkWith(name),
      next: () => this.#next(),
      who: () => this.#who(),
      people: (prefix) => roster.show(prefix),
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
      verify: (name) => keys.verify(this.#meant(name)),
      verified: (argument) => this.#verified(keys, argument),
      mismatch: (name) => keys.mismatch(this.#meant(name)),
      trust: (name) => keys.trust(this.#meant(name)),
      block: (name) => keys.block(this.#meant(name), true),
      unblock: (name) => keys.block(this.#meant(name), false),
      forget: (argument) => this.#forget(argument),
      receipts: (setting) => this.#receipts(setting),
      quit,
    }
  }

  /** @throws SottoError what keeps it from being done; of what takes a while it is shown. */
  async run(command: Command): Promise<void> {
    const { view } = this.#options
    const lasting = await this.#handlers[command.name](command.argument ?? '')
    if (lasting === undefined) return view.done(command)
    void lasting.ended.then(
      () => view.done(command),
      (error: unknown) => view.failure(asSottoError(error), { ref: command.ref }),
    )
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
    const people = store.contacts().map(({ name, unread }) => {
      const pin = pins.get(name)
      const undelivered = store.undelivered(name, pin?.identityKey)
      const key = pin && stateOf(pin)
      const isOnline = messenger.isOnline(name)
      const isProvisional = pin?.isProvisional === true
      return { name, isOnline, route: messenger.routeTo(name), key, isProvisional, unread, undelivered }
    })
    view.who(people)
  }

  #verified(keys: KeyCommands, argument: string): Promise<void> {
    const [name = '', which] = argument.split(/ +/)
    return keys.verified(this.#meant(name), which)
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
    const waiting = await removeConversation(store, name, () => messenger.takeAppended())
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
