import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { trust } from '../../../clients/profile/pins.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

/** A profile that is put back from a backup, and one that is lost: nothing is lost with it that another still has. */
describe('Messenger, with memories of another time', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => MessengerUnderTest.start(installation, name)
  const folderOf = (name: string) => join(installation.home.path, 'profiles', name)

  /** What a backup does, in the middle of everything. */
  const backUp = (name: string) => cpSync(folderOf(name), `${folderOf(name)}.backup`, { recursive: true })

  function restore(name: string): void {
    rmSync(folderOf(name), { recursive: true })
    cpSync(`${folderOf(name)}.backup`, folderOf(name), { recursive: true })
  }

  for (const [restored, intact] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    it(`loses nothing and shows nothing twice where ${restored} gets an old profile back`, async () => {
      const say = (person: MessengerUnderTest, what: string) => {
        const name = person.profile.name
        return person.messenger.enqueue(name === 'alice' ? 'bob' : 'alice', `${what} by ${name}`)
      }
      const both = async (one: MessengerUnderTest, other: MessengerUnderTest, what: string) => {
        await Promise.all([say(one, what), say(other, what)])
        await Promise.all([one.untilDelivered(intact), other.untilDelivered(restored)])
      }
      const shownTo = { intact: [] as string[], restored: [] as string[] }
      {
        await using one = await start(restored)
        {
          await using other = await start(intact)
          await both(one, other, 'before')
          shownTo.intact.push(...other.received)
        }
        // It waits in the backup, and is delivered after.
        await say(one, 'waiting')
        backUp(restored)
        await using other = await start(intact)
        await both(one, other, 'after')
        await both(one, other, 'later')
        shownTo.intact.push(...other.received)
      }
      restore(restored)
      await using one = await start(restored)
      await using other = await start(intact)
      await both(one, other, 'again')
      await both(one, other, 'at last')
      shownTo.intact.push(...other.received)
      shownTo.restored.push(...one.received)
      const times = ['after', 'later', 'again', 'at last']
      const linesOf = (name: string, words: readonly string[]) => words.map((word) => `${name}: ${word} by ${name}`)
      expect(shownTo.intact).to.deep.equal(linesOf(restored, ['before', 'waiting', ...times]))
      // All that the backup does not know of is new to it, and comes once more from the other side.
      expect(shownTo.restored).to.deep.equal(linesOf(intact, times))
      const heard = (await one.texts(intact)).filter((text) => text.endsWith(`by ${intact}`))
      expect(heard).to.deep.equal(['before', ...times].map((word) => `${word} by ${intact}`))
      expect([one.waitingFor(intact), other.waitingFor(restored)]).to.deep.equal([0, 0])
    })

    it(`keeps what waits for the key of ${restored}, whose profile is lost, and tells how much`, async () => {
      {
        await using one = await start(restored)
        await using other = await start(intact)
        await other.messenger.enqueue(restored, 'we know each other')
        await one.until(() => one.received.length === 1)
        await other.untilDelivered(restored)
      }
      await using other = await start(intact)
      for (const text of ['for', 'the old key']) await other.messenger.enqueue(restored, text)
      rmSync(folderOf(restored), { recursive: true })
      expect((await rejection(installation.signIn(restored))).code).to.equal('ERR_IDENTITY_CONFLICT')
      await installation.signIn(restored, { replaceIdentityKey: true })
      await using one = await start(restored)
      await other.until(() => other.refused.some(({ code }) => code === 'ERR_KEY_CHANGED'))
      await one.messenger.enqueue(intact, 'it is me')
      await trust(other.profile, restored, new Date())
      await other.messenger.enqueue(restored, 'welcome back')
      await one.until(() => one.received.length > 0)
      await other.until(() => other.received.length > 0)
      expect([one.received, other.received]).to.deep.equal([[`${intact}: welcome back`], [`${restored}: it is me`]])
      expect(other.undeliverable).to.deep.equal([`${restored}: 2`])
      await other.until(() => other.waitingFor(restored) === 2)
    })
  }
})
