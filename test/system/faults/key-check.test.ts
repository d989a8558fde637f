import { expect } from 'chai'
import fc from 'fast-check'
import { BOBS, ChangingContact } from '../../support/changing-contact.ts'
import { assertAsyncProperty } from '../../support/property.ts'
import { type TestAuthority, testAuthority } from '../../support/test-authority.ts'

/** Something that happens, and how it reads in a failure. */
class Step {
  readonly #words: string
  readonly run: (contact: ChangingContact) => Promise<void> | void

  constructor(words: string, run: (contact: ChangingContact) => Promise<void> | void) {
    this.#words = words
    this.run = run
  }

  toString(): string {
    return this.#words
  }
}

const anyBob = fc.constantFrom(...BOBS)
const anyPlace = fc.constantFrom('here' as const, 'elsewhere' as const)

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(new Step('enqueues', (each) => each.enqueues())) },
  { weight: 1, arbitrary: fc.constant(new Step('offers', (each) => each.offers())) },
  {
    weight: 2,
    arbitrary: fc.boolean().map((queue) => new Step(`sends, queue ${queue}`, (each) => each.sends({ queue }))),
  },
  { weight: 3, arbitrary: anyBob.map((bob) => new Step(`${bob} goes online`, (each) => each.goesOnline(bob))) },
  { weight: 1, arbitrary: anyBob.map((bob) => new Step(`${bob} goes offline`, (each) => each.goesOffline(bob))) },
  { weight: 3, arbitrary: anyBob.map((bob) => new Step(`${bob} answers`, (each) => each.answers(bob))) },
  { weight: 2, arbitrary: anyBob.map((bob) => new Step(`${bob} calls`, (each) => each.calls(bob))) },
  { weight: 2, arbitrary: fc.constant(new Step('alice calls', (each) => each.calls('alice'))) },
  {
    weight: 2,
    arbitrary: fc.record({ profile: anyBob, key: anyBob }).map((claim) => {
      return new Step(`${claim.profile} is said to be bob, with the key of ${claim.key}`, (each) => each.claims(claim))
    }),
  },
  { weight: 2, arbitrary: anyPlace.map((place) => new Step(`trusts ${place}`, (each) => each.trusts(place))) },
  { weight: 1, arbitrary: anyPlace.map((place) => new Step(`verifies ${place}`, (each) => each.verifies(place))) },
  { weight: 1, arbitrary: anyPlace.map((place) => new Step(`finds a mismatch ${place}`, (each) => each.finds(place))) },
  {
    weight: 2,
    arbitrary: fc.tuple(anyPlace, fc.boolean()).map(([place, isBlocked]) => {
      return new Step(`${isBlocked ? 'blocks' : 'unblocks'} ${place}`, (each) => each.blocks(place, isBlocked))
    }),
  },
  { weight: 1, arbitrary: fc.constant(new Step('alice goes offline', (each) => each.aliceGoesOffline())) },
  { weight: 2, arbitrary: fc.constant(new Step('alice goes online', (each) => each.aliceGoesOnline())) },
)

describe('Messenger, of keys that change', function () {
  this.timeout(60_000)
  let authority: TestAuthority
  before(async () => {
    authority = await testAuthority()
  })
  after(() => authority[Symbol.asyncDispose]())

  it('shows nothing more of a key that is trusted no longer, though a conversation with it is open', async () => {
    await using contact = await ChangingContact.begin(authority.authorityPem)
    await contact.goesOnline('bob-1')
    await contact.calls('alice')
    await contact.goesOnline('bob-2')
    await contact.calls('bob-2')
    await contact.answers('bob-1')
    await contact.trusts('here')
    for (const bob of BOBS) await contact.answers(bob)
    await contact.enqueues()
    await contact.settle()
    expect(contact.violations).to.deep.equal([])
  })

  it('shows nothing of whom the user has blocked, though a conversation with them is open', async () => {
    await using contact = await ChangingContact.begin(authority.authorityPem)
    await contact.goesOnline('bob-1')
    await contact.calls('bob-1')
    await contact.blocks('here', true)
    await contact.answers('bob-1')
    await contact.calls('bob-1')
    await contact.settle()
    expect(contact.violations).to.deep.equal([])
  })

  it('shows nothing of whom a comparison has found to be another, though a conversation with them is open', async () => {
    await using contact = await ChangingContact.begin(authority.authorityPem)
    await contact.goesOnline('bob-1')
    await contact.calls('bob-1')
    await contact.finds('here')
    await contact.answers('bob-1')
    await contact.calls('bob-1')
    await contact.calls('alice')
    await contact.enqueues()
    await contact.settle()
    expect(contact.violations).to.deep.equal([])
  })

  it('says to and shows of each key only what the pin allows, and all of that', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 20 }), async (steps) => {
        await using contact = await ChangingContact.begin(authority.authorityPem)
        for (const step of steps) await step.run(contact)
        await contact.settle()
        expect(contact.violations).to.deep.equal([])
      }),
      8,
    )
  })
})
