/** The arithmetic of `npm run bench`, and that its document has a place for every bench. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { BENCHES } from '../bench/benches.ts'
import type { Result, RowPlan } from '../bench/framework/bench.ts'
import { chartOf } from '../bench/framework/chart.ts'
import { replaceBetween } from '../bench/framework/document.ts'
import { formatFigure, markdownTable, terminalTable } from '../bench/framework/format.ts'
import { paced } from '../bench/framework/paced.ts'
import { rowsOf } from '../bench/framework/run-bench.ts'
import { median, quantile, ratioOf } from '../bench/framework/statistics.ts'
import { ROOT } from '../support/environment.ts'

const OURS: RowPlan = { case: 'Sotto', unit: 'texts/s', against: [{ to: 'naive', atLeast: 6 }, { to: 'absent' }] }
const SAMPLES = new Map<RowPlan, readonly number[]>([
  [OURS, [10, 30, 20]],
  [{ case: 'naive', unit: 'texts/s' }, [100, 150, 400]],
])
const RESULT: Result = {
  name: 'chat',
  work: 'Texts from here to there',
  rounds: 3,
  rows: rowsOf(SAMPLES),
  leftOut: ['nats-server is not installed'],
  load: [1.25, 3],
  at: '2026-11-29T12:00:00.000Z',
}

describe('the arithmetic of the bench', () => {
  it('has the middle of an odd number of samples, and the mean of the two in the middle of an even', () => {
    expect(median([3, 1, 2])).to.equal(2)
    expect(median([4, 1, 3, 2])).to.equal(2.5)
    expect(median([7])).to.equal(7)
    expect(median([])).to.be.NaN
  })

  it('finds quantiles between samples', () => {
    expect(quantile([10, 0], 0.25)).to.equal(2.5)
    expect(quantile([3, 1, 2], 1)).to.equal(3)
    expect(quantile([5], 0.99)).to.equal(5)
  })

  it('compares round by round, so that one slow round does not decide', () => {
    expect(ratioOf([10, 20, 30], [10, 10, 10])).to.equal(2)
    // Everything was ten times slower in the first round.
    expect(ratioOf([1, 20, 20], [1, 10, 10])).to.equal(2)
  })

  it('makes rows of samples, and leaves out what there is not to compare with', () => {
    const [ours, naive] = RESULT.rows
    expect(ours).to.include({ case: 'Sotto', median: 20, ratio: 0.1 })
    expect(ours?.range).to.deep.equal([10, 30])
    expect(ours?.ratios).to.deep.equal([{ to: 'naive', atLeast: 6, ratio: 0.1 }])
    expect(naive).to.include({ median: 150, ratio: null })
  })

  it('finds an amount of work that takes as long as a sample should', async () => {
    const amounts: number[] = []
    const rate = paced(
      async (count) => {
        amounts.push(count)
        return count / 100
      },
      { seconds: 1 },
    )
    expect(await rate()).to.equal(100_000)
    expect(await rate()).to.equal(100_000)
    expect(amounts.slice(-2)).to.deep.equal([100_000, 100_000])
  })
})

describe('the tables of the bench', () => {
  it('show three digits that count', () => {
    expect([12_345.6, 123.4, 12.34, 1.234, 0.01234, 0, Number.NaN].map(formatFigure)).to.deep.equal([
      '12,346',
      '123',
      '12.3',
      '1.23',
      '0.012',
      '0.00',
      '–',
    ])
  })

  it('have the ratio with its bar, and name what is left out', () => {
    for (const text of [terminalTable(RESULT), markdownTable(RESULT, 'a machine', 'performance/chat.svg')]) {
      expect(text).to.include('0.10 × naive (bar ≥ 6)').and.to.include('nats-server is not installed')
    }
    expect(markdownTable(RESULT, 'a machine', 'x.svg')).to.include('| Sotto | 20.0 texts/s | 10.0 to 30.0 | 0.10 ×')
  })

  it('take their own place in a document, and leave the rest', () => {
    const text = 'a\n<!-- bench: chat -->\nold\n<!-- end: chat -->\nb\n'
    const replaced = 'a\n<!-- bench: chat -->\nnew\n<!-- end: chat -->\nb\n'
    expect(replaceBetween(text, 'chat', 'new')).to.equal(replaced)
    expect(() => replaceBetween(text, 'open', 'new')).to.throw('bench: open')
  })

  it('have a picture with a bar for each row', () => {
    const picture = chartOf(RESULT)
    expect(picture.match(/<rect /g)).to.have.length(2)
    expect(picture).not.to.include('NaN')
  })
})

describe('docs/performance.md', () => {
  it('has a place for every bench', () => {
    const text = readFileSync(join(ROOT, 'docs', 'performance.md'), 'utf8')
    for (const { name } of BENCHES) expect(() => replaceBetween(text, name, '')).not.to.throw()
  })
})
