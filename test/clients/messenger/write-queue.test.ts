import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { WriteQueue } from '../../../clients/messenger/write-queue.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'

const text = (what: string): Uint8Array => Buffer.from(what)

describe('WriteQueue', () => {
  /** The steps that were written, as NAME: TEXTS. */
  let steps: string[]
  /** How many events each contact has. */
  let ordinals: Map<string, number>
  let refused: Set<string>
  /** Those of whom it is not known yet whether they may be written to. */
  let doubted: Map<string, Promise<void>>
  let isFull: boolean
  let queue: WriteQueue
  beforeEach(() => {
    steps = []
    ordinals = new Map()
    refused = new Set()
    doubted = new Map()
    isFull = false
    queue = new WriteQueue({
      permit: async (name) => {
        await doubted.get(name)
        if (refused.has(name)) throw new SottoError('ERR_BLOCKED', `${name} is blocked`)
        return permitWriting(name)
      },
      append: (name, permission, events) => {
        permission.check(name, undefined)
        if (isFull) throw new SottoError('ERR_STORE', 'the disk is full')
        steps.push(`${name}: ${events.map((event) => Buffer.from(event).toString()).join(' ')}`)
        const ordinal = (ordinals.get(name) ?? 0) + events.length
        ordinals.set(name, ordinal)
        return ordinal
      },
    })
  })

  it('writes in one step what is written in one turn, and tells each call its ordinal', async () => {
    const written = [
      queue.write('bob', [text('a')]),
      queue.write('bob', [text('b'), text('c')]),
      queue.write('bob', [text('d')]),
    ]
    expect(await Promise.all(written)).to.deep.equal([1, 3, 4])
    expect(steps).to.deep.equal(['bob: a b c d'])
  })

  it('goes on with what is written as soon as the last is, without a stop', async () => {
    for (let count = 1; count <= 5; count += 1) expect(await queue.write('bob', [text('x')])).to.equal(count)
    expect(steps).to.have.length(5)
  })

  it('leaves room for everything else where one is written as soon as the last is', async () => {
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    for (let count = 1; count <= 500; count += 1) await queue.write('bob', [text('x')])
    clearInterval(timer)
    expect(turns).to.be.greaterThan(0)
  })

  it('writes to each contact in the order of writing', async () => {
    const names = ['bob', 'carol', 'bob', 'dave', 'carol']
    await Promise.all(names.map((name, index) => queue.write(name, [text(String(index))])))
    expect(steps).to.deep.equal(['bob: 0 2', 'carol: 1 4', 'dave: 3'])
  })

  it('refuses those alone who may not be written to', async () => {
    refused.add('bob')
    const results = await Promise.allSettled([
      queue.write('bob', [text('a')]),
      queue.write('carol', [text('b')]),
      queue.write('bob', [text('c')]),
    ])
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'rejected'])
    expect(steps).to.deep.equal(['carol: b'])
  })

  it('writes to others while it is asked for long whether somebody may be written to', async () => {
    let answer = () => {}
    doubted.set('bob', new Promise((resolve) => (answer = resolve)))
    const toBob = queue.write('bob', [text('a')])
    await queue.write('carol', [text('b')])
    expect(steps).to.deep.equal(['carol: b'])
    answer()
    await toBob
    expect(steps).to.deep.equal(['carol: b', 'bob: a'])
  })

  it('tells every call of a step that failed, and goes on with the next', async () => {
    isFull = true
    const failed = [rejection(queue.write('bob', [text('a')])), rejection(queue.write('bob', [text('b')]))]
    for (const { code } of await Promise.all(failed)) expect(code).to.equal('ERR_STORE')
    isFull = false
    expect(await queue.write('bob', [text('c')])).to.equal(1)
    expect(steps).to.deep.equal(['bob: c'])
  })

  it('takes no more than 1,000 events or 1 MiB in a step, but for a call that brings more, and gives each a turn', async () => {
    const small = Array.from({ length: 1_500 }, () => queue.write('bob', [text('x')]))
    const large = [queue.write('carol', [Buffer.alloc(700_000)]), queue.write('carol', [Buffer.alloc(700_000)])]
    const many = queue.write(
      'dave',
      Array.from({ length: 5_000 }, () => text('y')),
    )
    await Promise.all([...small, ...large, many])
    const sizes = steps.map((step) => `${step.slice(0, step.indexOf(':'))} ${step.split(' ').length - 1}`)
    expect(sizes).to.deep.equal(['bob 1000', 'carol 1', 'dave 5000', 'bob 500', 'carol 1'])
  })

  it('is idle once all is written', async () => {
    await queue.idle()
    const written = queue.write('bob', [text('a')])
    void queue.write('carol', [text('b')])
    await queue.idle()
    expect(steps).to.deep.equal(['bob: a', 'carol: b'])
    expect(await written).to.equal(1)
  })
})
