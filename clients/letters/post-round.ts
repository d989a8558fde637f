/**
 * A letter to each of several people, posted together: one call for all their tickets, one for their prekeys, one or a few for
 * the letters themselves, and two commits of the store. Whoever fails on the way is left behind, and the others go on.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { LeftToPost, NextLetter } from '#lib/letter/letter-streams.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { sealLetter } from '#lib/letter/seal-letter.ts'
import { pinAllByLetter } from '../profile/pins.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { RequestedLetter } from '../session/request-letters.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { Store } from '../store/store.ts'
import { addressOf, checkPermission, type Envelope, type EnvelopeOptions } from './envelope.ts'
import type { MailboxClient } from './mailbox.ts'
import { type AddressedLetter, inRequests } from './mailbox-results.ts'
import { markLetters, writeLetters } from './write-letters.ts'

export interface PostOptions extends EnvelopeOptions {
  readonly mailbox: EnvelopeOptions['mailbox'] & Pick<MailboxClient, 'postLetters'>
  readonly store: Pick<Store, 'storeTogether'>
  /** The message log for a key, unless a conversation has its streams: whoever talks writes no letters. */
  readonly messageLogFor: (name: string, identityKey: Uint8Array) => MessageLog | undefined
  readonly onPinned: (name: string) => void
}

/** Somebody to whom letters are to go. */
export interface Addressee {
  readonly name: string
  /** Whether a letter is posted though nothing waits: it says how far their stream is stored here. */
  readonly isAnswer?: boolean
  /** For this letter; it serves no other. */
  readonly envelope?: Envelope | undefined
}

/** What became of a letter: it was posted or there was none, and this is left. */
interface Outcome {
  readonly isPosted: boolean
  readonly left: LeftToPost
}

interface Requested extends Addressee {
  readonly requested: RequestedLetter
}

interface Written extends Requested {
  readonly messageLog: MessageLog
  readonly sessionId: Uint8Array
  readonly next: NextLetter
}

interface Sealed extends Written, AddressedLetter {}

export class PostRound {
  readonly #options: PostOptions
  readonly #outcomes = new Map<string, Outcome | SottoError>()

  constructor(options: PostOptions) {
    this.#options = options
  }

  /**
   * Post the next letter to each.
   *
   * @param addressees - At most MAX_LETTERS_TOGETHER, each once.
   * @returns by name what became of it, or why there is none.
   * @throws SottoError `ERR_STORE`, `ERR_STORE_DAMAGED`.
   */
  async post(addressees: readonly Addressee[]): Promise<ReadonlyMap<string, Outcome | SottoError>> {
    const written = this.#write(await this.#request(addressees))
    const sealed = this.#seal(await this.#takePrekeys(written))
    for (const together of inRequests(sealed)) await this.#leave(together)
    return this.#outcomes
  }

  /**
   * Ask a question about several people.
   *
   * @returns those who have an answer, with it; the others are done with.
   */
  async #ask<Person extends Addressee, Answer>(
    people: readonly Person[],
    question: (people: readonly Person[]) => Promise<readonly (Answer | SottoError)[]>,
  ): Promise<[Person, Answer][]> {
    if (people.length === 0) return []
    const answers = await question(people).catch((error: unknown) => {
      if (!isSottoError(error)) throw error
      return people.map(() => error)
    })
    return this.#withAnswers(people, answers)
  }

  #withAnswers<Person extends Addressee, Answer>(
    people: readonly Person[],
    answers: readonly (Answer | SottoError)[],
  ): [Person, Answer][] {
    return people.flatMap((person, index): [Person, Answer][] => {
      const answer = answers[index]
      if (!isSottoError(answer)) return [[person, answer as Answer]]
      this.#outcomes.set(person.name, answer)
      return []
    })
  }

  /** Those to whom a letter may be written, with its ticket and grant. */
  async #request(addressees: readonly Addressee[]): Promise<Requested[]> {
    const { directory, signal } = this.#options
    const without = addressees.filter(({ envelope }) => envelope === undefined)
    const asked = await this.#ask(without, (people) =>
      directory.requestLetters(
        people.map(({ name }) => name),
        signal,
      ),
    )
    const requested = [
      ...addressees.flatMap((each) => (each.envelope === undefined ? [] : [{ ...each, requested: each.envelope }])),
      ...asked.map(([each, answer]) => ({ ...each, requested: answer })),
    ]
    // Those who are asked about at once share a look at the profile.
    const permitted = await this.#ask(requested, (people) => Promise.all(people.map((each) => this.#isPermitted(each))))
    return permitted.map(([each]) => each)
  }

  async #isPermitted({ name, requested }: Requested): Promise<true | SottoError> {
    try {
      await checkPermission(name, requested, this.#options)
      return true
    } catch (error) {
      if (isSottoError(error)) return error
      throw error
    }
  }

  /** Those for whom there is something to post, with their letters, of which is put down what they say. */
  #write(requested: readonly Requested[]): Written[] {
    const { messageLogFor, store } = this.#options
    const withLog = requested.flatMap((each) => {
      const { name, requested } = each
      const { receiverIdentityKey, receiverSessionId: sessionId } = requested.grant
      const messageLog = messageLogFor(name, receiverIdentityKey)
      if (messageLog !== undefined) return [{ ...each, messageLog, sessionId }]
      this.#outcomes.set(name, { isPosted: false, left: 'nothing' })
      return []
    })
    if (withLog.length === 0) return []
    return this.#withAnswers(withLog, writeLetters(store, withLog)).flatMap(([each, next]) => {
      if (next.count > 0 || each.isAnswer) return [{ ...each, next }]
      const left = each.messageLog.letters.left(each.sessionId)
      this.#outcomes.set(each.name, { isPosted: false, left })
      return []
    })
  }

  async #takePrekeys(written: readonly Written[]): Promise<[Written, Prekey][]> {
    const { mailbox, signal } = this.#options
    const without = written.filter(({ envelope }) => envelope === undefined)
    const taken = await this.#ask(without, (people) =>
      mailbox.takePrekeys(
        people.map(({ name, requested }) => addressOf(name, requested)),
        signal,
      ),
    )
    const had = written.flatMap((each): [Written, Prekey][] => (each.envelope ? [[each, each.envelope.prekey]] : []))
    return [...had, ...taken]
  }

  #seal(written: readonly [Written, Prekey][]): Sealed[] {
    const { account } = this.#options.profile.login
    const { identity } = this.#options.profile.state
    const [ownName, realm] = [account.username, realmOfAccount(account)]
    const people = written.map(([each]) => each)
    const letters = written.map(([{ requested, next }, prekey]) => {
      try {
        const { grant, ticket } = requested
        return sealLetter({ identity, ownName, realm, grant, ticket, prekey, body: next.body, random: randomBytes })
      } catch (error) {
        // Of a prekey that is none.
        if (isSottoError(error)) return error
        throw error
      }
    })
    return this.#withAnswers(people, letters).map(([each, letter]) => {
      return { ...each, letter, address: addressOf(each.name, each.requested) }
    })
  }

  /** Leave letters that fit in one request, and put down which are posted. */
  async #leave(sealed: readonly Sealed[]): Promise<void> {
    const { profile, mailbox, store, clock, onPinned, signal } = this.#options
    const answered = await this.#ask(sealed, (letters) => mailbox.postLetters(letters, signal))
    const posted = answered.map(([each]) => each)
    const now = clock.local.now()
    const keys = new Map(posted.map(({ name, requested }) => [name, requested.grant.receiverIdentityKey]))
    const pinned = await this.#ask(posted, async (people) => {
      const pins = await pinAllByLetter(profile, keys, now)
      return people.map(({ name }) => pins.get(name) ?? false)
    })
    for (const [{ name }, isNew] of pinned) if (isNew) onPinned(name)
    const toMark = pinned.map(([each]) => {
      // By this machine's clock, which what is kept goes by.
      const untilMs = now.getTime() + (each.requested.grant.expiresAtMs - clock.nowMs())
      return { ...each, letter: each.next, untilMs }
    })
    if (toMark.length === 0) return
    for (const [each] of this.#withAnswers(toMark, markLetters(store, toMark))) {
      const { name, next, messageLog, sessionId } = each
      // Looked at here, for another ticket is a call to the directory and to Auth.
      const left = next.count === 0 ? 'nothing' : messageLog.letters.left(sessionId)
      this.#outcomes.set(name, { isPosted: true, left })
    }
  }
}
