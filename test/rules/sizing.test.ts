import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Figures, figuresOf } from '../../scripts/sizing/figures.ts'
import { badMorning, limitsOf, planFor } from '../../scripts/sizing/sizing.ts'
import { ROOT } from '../support/environment.ts'

const PROGRAM = join(ROOT, 'scripts', 'sizing', 'main.ts')
const textOf = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8')

/** Round numbers, of which the outcome can be told. */
const FIGURES: Figures = {
  signIns: 100,
  conversations: 2_000,
  memoryBytes: 100_000,
  standing: 0.00005,
  arrivals: 100,
  places: 20_000,
  attendanceBytes: 100_000,
  callBytes: 200_000,
  relayPlaces: 22_000,
  letters: 100,
  databaseConnections: 11,
  renewalSeconds: 900,
  reuseSeconds: 300,
}

describe('sizing', () => {
  it('is in docs/operations.md as the program has it: npm run sizing -- --write docs/operations.md', () => {
    const tables = execFileSync(process.execPath, [PROGRAM], { encoding: 'utf8', cwd: ROOT })
    expect(textOf('operations.md')).to.include(`<!-- sizing -->\n${tables}<!-- end: sizing -->`)
  })

  it('reads every figure that it reckons with from docs/performance.md', () => {
    const figures = figuresOf(textOf('performance.md'))
    for (const [name, figure] of Object.entries(figures)) expect(figure, name).to.be.above(0)
    expect(() => figuresOf('')).to.throw('no figure for: Login')
  })

  it('names first what gives way first', () => {
    const people = limitsOf(FIGURES).map((limit) => limit.people)
    expect(people).to.deep.equal(people.toSorted((one, other) => one - other))
    expect(people[0]).to.equal(6_000)
  })

  it('has enough of each for what any limit asks, and one to spare', () => {
    expect(planFor(300, FIGURES)).to.include({ auths: 1, directories: 1, relays: 1, databaseConnections: undefined })
    expect(planFor(60_000, FIGURES)).to.include({ auths: 2, directories: 11, relays: 4, databaseConnections: 187 })
  })

  it('tells how soon a bad morning is over', () => {
    const morning = badMorning(planFor(60_000, FIGURES), FIGURES)
    expect(morning.lost).to.equal(5_455)
    expect(morning.backSeconds).to.be.closeTo(5.455, 0.001)
    expect(morning.signedInSeconds).to.equal(300)
  })

  it('refuses what is no number of people', () => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, '--people', '10,x'], { encoding: 'utf8' })
    expect([status, stderr]).to.deep.equal([2, '--people 10,x: expected whole numbers above 0, with commas between\n'])
  })
})
