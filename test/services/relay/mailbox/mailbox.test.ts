import { expect } from 'chai'
import { PostRefusal, PrekeyRefusal } from '#gen/sotto/relay/v1/mailbox_service.ts'
import type { SottoError } from '#lib/errors.ts'
import { LIMITS_OF_CALLS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import { Secret } from '#lib/secret.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import { MAX_PREKEYS, MAX_TAKEN_OF_ONE } from '../../../../services/relay/mailbox/prekeys.ts'
import { bytesOf } from '../../../support/random.ts'
import { rejection } from '../../../support/rejection.ts'
import { MailboxUnderTest, type MailboxUser } from '../../../support/running-mailbox.ts'

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')
const letterOf = (label: string, bytes = 100): Buffer => Buffer.from(bytesOf(label, bytes))

describe('MailboxService', () => {
  let mailbox: MailboxUnderTest
  let [alice, bob, carol]: MailboxUser[] = []
  const user = (each: MailboxUser | undefined): MailboxUser => each as MailboxUser
  const take = async (taker: MailboxUser, owner: MailboxUser) => hex((await mailbox.takePrekey(taker, owner)).prekeyId)
  const codeOf = async (work: Promise<unknown>): Promise<string> => (await rejection(work)).code

  beforeEach(async () => {
    const KIB = 1024
    mailbox = await MailboxUnderTest.start({
      account: { letters: 6, bytes: 40 * KIB },
      pair: { letters: 5, bytes: 30 * KIB },
      always: { letters: 2, bytes: 2 * KIB },
    })
    ;[alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => mailbox.user(name))
  })

  afterEach(() => mailbox[Symbol.asyncDispose]())

  describe('prekeys', () => {
    it('are given out once each, the oldest first, and then the one of last resort again and again', async () => {
      const [first, second, last] = await mailbox.putPrekeys(user(bob), 2)
      mailbox.clock.advance(1)
      const taken = [await take(user(alice), user(bob)), await take(user(carol), user(bob))].sort()
      expect(taken).to.deep.equal([hex(first?.prekeyId), hex(second?.prekeyId)].sort())
      for (const _ of [1, 2]) expect(await take(user(alice), user(bob))).to.equal(hex(last?.prekeyId))
    })

    it('are given whole, as they were put down', async () => {
      const [prekey] = await mailbox.putPrekeys(user(bob), 1)
      expect(await mailbox.takePrekey(user(alice), user(bob))).to.deep.equal(prekey)
    })

    it('are given 8 to one taker until the owner collects, so that nobody can take all', async () => {
      const prekeys = await mailbox.putPrekeys(user(bob), 20)
      const last = hex(prekeys.at(-1)?.prekeyId)
      for (let count = 0; count < MAX_TAKEN_OF_ONE; count += 1) {
        expect(await take(user(alice), user(bob))).to.not.equal(last)
      }
      expect(await take(user(alice), user(bob))).to.equal(last)
      expect(await take(user(carol), user(bob))).to.not.equal(last)
      await mailbox.collect(user(bob))
      expect(await take(user(alice), user(bob))).to.not.equal(last)
    })

    it('are told to their owner, who withdraws those that are not its own', async () => {
      const prekeys = await mailbox.putPrekeys(user(bob), 3)
      const ids = prekeys.map(({ prekeyId }) => hex(prekeyId))
      await take(user(alice), user(bob))
      const ask = (withdrawnIds: Buffer[]) => mailbox.call.putPrekeys({ prekeys: [], withdrawnIds }, user(bob))
      const held = await ask([])
      expect(held.prekeyIds).to.have.lengthOf(2)
      expect(ids).to.include.members(held.prekeyIds.map(hex))
      expect(hex(held.lastResortId)).to.equal(ids.at(-1))
      const left = await ask([...held.prekeyIds, held.lastResortId])
      expect([left.prekeyIds, left.lastResortId.length]).to.deep.equal([[], 0])
      expect(await codeOf(take(user(alice), user(bob)))).to.equal('ERR_NO_MAILBOX')
    })

    it('of one account are nothing to another', async () => {
      const [prekey] = await mailbox.putPrekeys(user(bob), 1)
      const withdrawnIds = [Buffer.from(prekey?.prekeyId ?? [])]
      await mailbox.call.putPrekeys({ prekeys: [], withdrawnIds }, user(carol))
      expect(await take(user(alice), user(bob))).to.equal(hex(prekey?.prekeyId))
    })

    it('are 100 at most, however many are put down', async () => {
      for (let round = 0; round < 5; round += 1) await mailbox.putPrekeys(user(bob), 30, `round ${round}`)
      const { prekeyIds } = await mailbox.call.putPrekeys({ prekeys: [], withdrawnIds: [] }, user(bob))
      expect(prekeyIds).to.have.lengthOf(MAX_PREKEYS)
    })

    it('are given for the session that put some down last, and for no other', async () => {
      await mailbox.putPrekeys(user(bob), 5)
      const newer = mailbox.user('bob', 'second')
      expect(await codeOf(take(user(alice), newer))).to.equal('ERR_NO_MAILBOX')
      // A session that only asks may have none of the private halves.
      await mailbox.call.putPrekeys({ prekeys: [], withdrawnIds: [] }, newer)
      expect(await codeOf(take(user(alice), newer))).to.equal('ERR_NO_MAILBOX')
      await mailbox.putPrekeys(newer, 0, 'second')
      await take(user(alice), newer)
      expect(await codeOf(take(user(alice), user(bob)))).to.equal('ERR_NO_MAILBOX')
      expect(await codeOf(mailbox.post(user(alice), user(bob), letterOf('a')))).to.equal('ERR_NO_MAILBOX')
    })
  })

  describe('letters', () => {
    beforeEach(() => mailbox.putPrekeys(user(bob), 5))

    it('come to their receiver in the order of posting, and are gone once they are acknowledged', async () => {
      const posted = ['one', 'two', 'three'].map((label) => letterOf(label))
      for (const letter of posted) {
        mailbox.clock.advance(1)
        await mailbox.post(user(alice), user(bob), letter)
      }
      expect(mailbox.posted).to.deep.equal(['bob', 'bob', 'bob'])
      expect(await mailbox.collect(user(carol))).to.deep.equal([])
      const [, second] = posted
      expect(await mailbox.collect(user(bob), (letter) => second?.equals(letter) === true)).to.deep.equal(posted)
      expect(await mailbox.collect(user(bob))).to.deep.equal([posted[0], posted[2]])
      expect(await mailbox.collect(user(bob))).to.deep.equal([])
    })

    it('outlast the mailbox', async () => {
      await mailbox.post(user(alice), user(bob), letterOf('kept'))
      await mailbox.restart()
      expect(await mailbox.collect(user(bob))).to.deep.equal([letterOf('kept')])
    })

    it('come all, however many pages they are', async () => {
      await using large = await MailboxUnderTest.start()
      const [from, to] = [large.user('alice'), large.user('bob')]
      await large.putPrekeys(to, 1)
      const others = Array.from({ length: 3 }, (_, index) => large.user(`user${index}`))
      const posts = [from, ...others].flatMap((sender) =>
        Array.from({ length: 24 }, (_, index) => large.post(sender, to, letterOf(`${sender.account} ${index}`))),
      )
      await Promise.all(posts)
      const collected = await large.collect(to)
      expect(new Set(collected.map(hex)).size).to.equal(96)
      expect(await large.collect(to)).to.deep.equal([])
    })

    it('are for somebody who takes them: nobody without prekeys, and not oneself', async () => {
      expect(await codeOf(mailbox.post(user(alice), user(carol), letterOf('a')))).to.equal('ERR_NO_MAILBOX')
      expect(await codeOf(mailbox.post(user(bob), user(bob), letterOf('a')))).to.equal('ERR_CHAT_WITH_SELF')
    })

    it('are deleted when nobody can open them any more', async () => {
      await mailbox.post(user(alice), user(bob), letterOf('old'))
      mailbox.clock.advance(LETTER_LIFETIME_MS)
      expect(await mailbox.collect(user(bob))).to.deep.equal([])
    })

    it('of one sender for one receiver are limited, with a time to try again', async () => {
      for (let count = 0; count < 5; count += 1) await mailbox.post(user(alice), user(bob), letterOf(`${count}`))
      const refused = await rejection(mailbox.post(user(alice), user(bob), letterOf('one too many')))
      expect(refused.code).to.equal('ERR_BUSY')
      expect(refused.retryAfterMs).to.equal(900_000)
      await mailbox.post(user(carol), user(bob), letterOf('another sender'))
      await mailbox.collect(user(bob))
      await mailbox.post(user(alice), user(bob), letterOf('there is room again'))
    })

    it('of one sender for one receiver are limited in bytes', async () => {
      await mailbox.post(user(alice), user(bob), letterOf('large', 30 * 1024))
      expect(await codeOf(mailbox.post(user(alice), user(bob), letterOf('more', 1)))).to.equal('ERR_BUSY')
    })

    it('of others do not shut anybody out: the first few are always taken', async () => {
      const crowd = ['c1', 'c2', 'c3'].map((name) => mailbox.user(name))
      for (const each of crowd) {
        for (const label of ['1', '2']) await mailbox.post(each, user(bob), letterOf(label))
      }
      expect(await codeOf(mailbox.post(user(crowd[0]), user(bob), letterOf('3')))).to.equal('ERR_BUSY')
      for (const label of ['1', '2']) await mailbox.post(user(alice), user(bob), letterOf(label))
      expect(await codeOf(mailbox.post(user(alice), user(bob), letterOf('3')))).to.equal('ERR_BUSY')
      const large = letterOf('large', 3 * 1024)
      expect(await codeOf(mailbox.post(user(carol), user(bob), large))).to.equal('ERR_BUSY')
    })

    it('of one sender to all are limited', async () => {
      const receivers = ['r1', 'r2', 'r3'].map((name) => mailbox.user(name))
      for (const each of receivers) await mailbox.putPrekeys(each, 1)
      const [first, second, third] = receivers
      for (const each of [first, second]) {
        for (const label of ['1', '2', '3']) await mailbox.post(user(alice), user(each), letterOf(label))
      }
      for (const label of ['1', '2']) await mailbox.post(user(alice), user(third), letterOf(label))
      expect(await codeOf(mailbox.post(user(alice), user(third), letterOf('3')))).to.equal('ERR_BUSY')
    })
  })

  describe('of several people in one call', () => {
    const addressOf = ({ account, sessionId }: MailboxUser) => ({ username: account, sessionId })
    const takeAll = async (...owners: MailboxUser[]) => {
      const { results } = await mailbox.call.takePrekeys({ receivers: owners.map(addressOf) }, user(alice))
      return results.map(({ result }) => (result?.$case === 'prekey' ? hex(result.value.prekeyId) : result?.value))
    }
    const postAll = async (sender: MailboxUser, ...receivers: MailboxUser[]) => {
      const letters = receivers.map((to, index) => ({ ...addressOf(to), letter: letterOf(`${index}`) }))
      const { results } = await mailbox.call.postLetters({ letters }, sender)
      return results.map(({ result }) => (result?.$case === 'refused' ? result.value : result?.$case))
    }
    const { NO_MAILBOX, WITH_SELF, BUSY } = PostRefusal
    const refused = (reason: PostRefusal) => ({ reason, retryDelay: undefined })
    const busy = { reason: BUSY, retryDelay: { seconds: 900n, nanos: 0 } }

    it('each gets what is theirs, and those who have none keep nobody from it', async () => {
      const [bobs, carols] = [await mailbox.putPrekeys(user(bob), 3), await mailbox.putPrekeys(user(carol), 3)]
      const taken = await takeAll(
        user(bob),
        mailbox.user('dave'),
        user(carol),
        user(bob),
        mailbox.user('bob', 'second'),
      )
      expect([taken[1], taken[4]]).to.deep.equal([PrekeyRefusal.NO_MAILBOX, PrekeyRefusal.NO_MAILBOX])
      expect(new Set([taken[0], taken[3]]).size).to.equal(2)
      expect(bobs.slice(0, 3).map(({ prekeyId }) => hex(prekeyId))).to.include.members([taken[0], taken[3]])
      expect(carols.slice(0, 3).map(({ prekeyId }) => hex(prekeyId))).to.include(taken[2])
      const posted = await postAll(user(alice), user(bob), user(alice), mailbox.user('dave'), user(carol), user(bob))
      expect(posted).to.deep.equal(['posted', refused(WITH_SELF), refused(NO_MAILBOX), 'posted', 'posted'])
      expect(mailbox.posted).to.deep.equal(['bob', 'carol', 'bob'])
      expect(await mailbox.collect(user(bob))).to.have.deep.members([letterOf('0'), letterOf('4')])
      expect(await mailbox.collect(user(carol))).to.deep.equal([letterOf('3')])
    })

    it('nobody gets more prekeys of one than 8 until they collect', async () => {
      const last = hex((await mailbox.putPrekeys(user(bob), 20)).at(-1)?.prekeyId)
      const taken = await takeAll(...Array<MailboxUser>(12).fill(user(bob)))
      expect(taken.map((id) => id === last)).to.deep.equal([...Array(8).fill(false), ...Array(4).fill(true)])
    })

    it('there is room for as many letters as in calls of their own: of a pair, of a sender, and for a receiver', async () => {
      for (const each of [user(bob), user(carol)]) await mailbox.putPrekeys(each, 1)
      const toBob = await postAll(user(alice), ...Array<MailboxUser>(7).fill(user(bob)))
      expect(toBob).to.deep.equal([...Array(5).fill('posted'), busy, busy])
      // Of a sender: 6 in all, but for the first 2 to somebody.
      const toCarol = await postAll(user(alice), ...Array<MailboxUser>(4).fill(user(carol)))
      expect(toCarol).to.deep.equal(['posted', 'posted', busy, busy])
      // For a receiver: the first 2 of anybody in any case.
      const ofDave = await postAll(mailbox.user('dave'), ...Array<MailboxUser>(3).fill(user(bob)))
      expect(ofDave).to.deep.equal(['posted', 'posted', busy])
      expect(await mailbox.collect(user(bob))).to.have.lengthOf(7)
    })

    it('as many bytes', async () => {
      await mailbox.putPrekeys(user(bob), 1)
      const letters = [20, 9, 2].map((kib) => ({ ...addressOf(user(bob)), letter: letterOf(`${kib}`, kib * 1_024) }))
      const { results } = await mailbox.call.postLetters({ letters }, user(alice))
      expect(results.map(({ result }) => result?.$case)).to.deep.equal(['posted', 'posted', 'refused'])
    })

    it('each counts as a call, and one too many has the call refused whole, with when to come back', async () => {
      await mailbox.putPrekeys(user(bob), 1)
      const letters = Array.from({ length: 25 }, () => ({ ...addressOf(user(bob)), letter: letterOf('1', 10) }))
      const receivers = letters.map(() => addressOf(user(bob)))
      const calls: readonly [string, () => Promise<unknown>][] = [
        ['TakePrekeys', () => mailbox.call.takePrekeys({ receivers }, user(alice))],
        ['PostLetters', () => mailbox.call.postLetters({ letters }, user(alice))],
      ]
      for (const [call, ask] of calls) {
        const { burst = 0, perSecond = 1 } = LIMITS_OF_CALLS[`sotto.relay.v1.MailboxService/${call}`]?.account ?? {}
        // All at once, so that few are afforded meanwhile.
        const ends = await Promise.allSettled(Array.from({ length: burst / 25 + 4 }, ask))
        const refusals = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as SottoError] : []))
        expect(refusals).to.have.length.within(1, 4)
        for (const { code, retryAfterMs = 0 } of refusals) {
          expect(code).to.equal('ERR_BUSY')
          expect(retryAfterMs).to.be.within(1, (25 * 1_000) / perSecond)
        }
      }
    })

    it('a request has no more than 65,536 bytes', async () => {
      await mailbox.putPrekeys(user(bob), 1)
      const letters = [0, 1].map(() => ({ ...addressOf(user(bob)), letter: letterOf('large', 33_000) }))
      expect(await codeOf(mailbox.call.postLetters({ letters }, user(alice)))).to.equal('ERR_REQUEST_TOO_LARGE')
    })
  })

  describe('Collect', () => {
    it('belongs to the newest caller of the account', async () => {
      const older = mailbox.call.collect(user(bob))
      await older.send({ letterIds: [] })
      await older.messages.next()
      await mailbox.collect(user(bob))
      expect(await codeOf(older.messages.next())).to.equal('ERR_ANNOUNCE_REPLACED')
    })

    it('ends with its session', async () => {
      const stream = mailbox.call.collect(user(bob))
      await stream.send({ letterIds: [] })
      await stream.messages.next()
      mailbox.end(user(bob))
      expect(await codeOf(stream.messages.next())).to.equal('ERR_SESSION_ENDED')
    })

    it('lets nobody delete the letters of others', async () => {
      await mailbox.putPrekeys(user(bob), 1)
      await mailbox.post(user(alice), user(bob), letterOf('kept'))
      const stream = mailbox.call.collect(user(bob))
      await stream.send({ letterIds: [] })
      const { value } = await stream.messages.next()
      stream.cancel()
      const thief = mailbox.call.collect(user(carol))
      await thief.send({ letterIds: [value?.letter?.letterId ?? Buffer.alloc(16)] })
      thief.end()
      for await (const _ of thief.messages);
      expect(await mailbox.collect(user(bob))).to.deep.equal([letterOf('kept')])
    })
  })

  it('lets nobody in without a bearer, with an unknown one or one of an ended session', async () => {
    const { call } = mailbox
    mailbox.end(user(carol))
    const username = 'bob'
    const { sessionId } = user(bob)
    for (const bearer of [undefined, Secret.of(bytesOf('unknown', 32)), user(carol).bearer]) {
      const options = bearer ? { bearer } : {}
      const attempts = [
        () => call.putPrekeys({ prekeys: [], withdrawnIds: [] }, options),
        () => call.takePrekeys({ receivers: [{ username, sessionId }] }, options),
        () => call.postLetters({ letters: [{ username, sessionId, letter: Buffer.of(1) }] }, options),
        async () => {
          const stream = call.collect(options)
          await stream.send({ letterIds: [] }).catch(() => {})
          return await stream.messages.next()
        },
      ]
      // One at a time: a stranger has room for few calls.
      for (const attempt of attempts) expect(await codeOf(attempt())).to.equal('ERR_SESSION_ENDED')
    }
  })

  it('refuses requests that break a limit', async () => {
    const stream = mailbox.call.collect(user(bob))
    await stream.send({ letterIds: [Buffer.alloc(15)] })
    const reading = (async () => {
      for await (const _ of stream.messages);
    })()
    expect(await codeOf(reading)).to.equal('ERR_INVALID_ARGUMENT')
    const wrong = { username: 'Bob', sessionId: user(bob).sessionId }
    const receivers = [wrong]
    expect(await codeOf(mailbox.call.takePrekeys({ receivers }, user(alice)))).to.equal('ERR_INVALID_ARGUMENT')
  })
})
