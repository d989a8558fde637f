/** Every call that a service of ours takes has limits, and the table of docs/operations.md is that of the code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { LIMITS_OF_CALLS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import type { Rate } from '#lib/rpc/call-limits/token-buckets.ts'
import { CALL_REASONS } from '#lib/rpc/call-reasons.ts'
import { INTERNAL_LIMITS, RELAY_LIMITS } from '#lib/rpc/limits.ts'
import { ROOT } from '../support/environment.ts'

const count = (number: number): string => number.toLocaleString('en')
const rate = (of: Rate | undefined): string => (of ? `${count(of.perSecond)}/s, ${count(of.burst)}` : '')

/** The services that a person's own program has, for its owner or for those who have a ticket. */
const OTHERS = ['sotto.peer.v1.PeerService', 'sotto.agent.v1.AgentService']

/** The rows that the document has to have. */
const ROWS = Object.entries(LIMITS_OF_CALLS).map(([path, limits]) => {
  const { requestBytes, account, address, streams } = limits
  const open = streams ? [streams.account, streams.address].map((most) => (most ? count(most) : 'any')).join(', ') : ''
  const name = `\`${path.replace(/^.*\.(?=[^.]*\/)/, '').replace('/', '.')}\``
  const cells = [name, count(requestBytes), rate(account), rate(address), open]
  return `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ')
})

describe('the limits of calls', () => {
  it('are there for every call of a contract that a service takes', () => {
    const ours = Object.entries(CALL_REASONS).filter(([service]) => !OTHERS.includes(service))
    const paths = ours.flatMap(([service, { calls }]) => Object.keys(calls).map((call) => `${service}/${call}`))
    expect(paths.filter((path) => !(path in LIMITS_OF_CALLS))).to.deep.equal([])
  })

  it('let no larger request through than the library does', () => {
    for (const [path, { requestBytes }] of Object.entries(LIMITS_OF_CALLS)) {
      const { maxReceiveBytes } = path.startsWith('sotto.relay.') ? RELAY_LIMITS : INTERNAL_LIMITS
      expect(requestBytes).to.be.at.most(maxReceiveBytes)
    }
  })

  it('stand in docs/operations.md as they are', () => {
    const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
    const rows = new Set(text.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' ')))
    expect(ROWS.filter((row) => !rows.has(row))).to.deep.equal([])
  })
})
