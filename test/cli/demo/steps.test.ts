import { expect } from 'chai'
import { Steps } from '../../../cli/demo/stage/steps.ts'

const HELLO = { message: 'Hello', from: 'alice', to: 'bob' }
const WELCOME = { message: 'Welcome', from: 'bob', to: 'alice' }

describe('Steps', () => {
  it('lets everything pass until it is turned on', async () => {
    await new Steps(() => {}).wait(HELLO)
  })

  it('has each message wait for its own "next", in order', async () => {
    let changes = 0
    const steps = new Steps(() => changes++)
    steps.turn(true)
    const passed: string[] = []
    const waits = [HELLO, WELCOME].map((each) => steps.wait(each).then(() => passed.push(each.message)))
    expect(steps.waiting).to.deep.equal([HELLO, WELCOME])
    steps.next()
    await waits[0]
    expect([passed, steps.waiting]).to.deep.equal([['Hello'], [WELCOME]])
    steps.next()
    await waits[1]
    expect([passed, steps.waiting]).to.deep.equal([['Hello', 'Welcome'], []])
    steps.next()
    expect(changes).to.equal(5)
  })

  it('lets all go that wait when it is turned off, and whatever nobody waits for any more', async () => {
    const steps = new Steps(() => {})
    steps.turn(true)
    const waits = [steps.wait(HELLO), steps.wait(WELCOME)]
    steps.turn(false)
    await Promise.all(waits)
    steps.turn(true)
    const over = new AbortController()
    const wait = steps.wait(HELLO, over.signal)
    over.abort()
    await wait
    await steps.wait(HELLO, over.signal)
    expect(steps.waiting).to.deep.equal([])
  })
})
