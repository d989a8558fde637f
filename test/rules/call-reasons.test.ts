/** Which reasons a call may be refused with is said twice, in its contract and in the client's table: both say the same. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import type { ErrorCode } from '#lib/errors.ts'
import { CALL_REASONS, type ServiceReasons } from '#lib/rpc/call-reasons.ts'
import { wireErrorOf } from '#lib/rpc/status-table.ts'
import { ROOT } from '../support/environment.ts'

interface Listed {
  readonly status: string
  readonly reason: ErrorCode
}

/** The errors that a comment lists: `- NOT_FOUND (ERR_NO_SUCH_USER): …`. */
function listedIn(comment: string): Listed[] {
  return [...comment.matchAll(/- ([A-Z_]+) \((ERR_[A-Z_]+)\):/g)].map(([, status = '', reason]) => ({
    status,
    reason: reason as ErrorCode,
  }))
}

/** The services of a contract, each with what its comments list. */
function* servicesOf(path: string): Generator<readonly [name: string, reasons: ServiceReasons, all: Listed[]]> {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const [, scope = ''] = /^package (.+);$/m.exec(text) ?? []
  for (const [, comment = '', name, body = ''] of text.matchAll(/((?:^\/\/.*\n)+)service (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const calls = [...body.matchAll(/((?:^ {2}\/\/.*\n)+) {2}rpc (\w+)/gm)].map(
      ([, about = '', call = '']) => [call, listedIn(about)] as const,
    )
    const reasonsOf = (listed: readonly Listed[]) => listed.map(({ reason }) => reason)
    const every = listedIn(comment)
    yield [
      `${scope}.${name}`,
      { every: reasonsOf(every), calls: Object.fromEntries(calls.map(([call, listed]) => [call, reasonsOf(listed)])) },
      [...every, ...calls.flatMap(([, listed]) => listed)],
    ]
  }
}

const sorted = ({ every, calls }: ServiceReasons) => ({
  every: [...every].sort(),
  calls: Object.fromEntries(Object.entries(calls).map(([call, reasons]) => [call, [...reasons].sort()])),
})

describe('reasons of calls', () => {
  const services = globSync('proto/sotto/**/*_service.proto', { cwd: ROOT }).flatMap((path) => [...servicesOf(path)])

  it('are read from every contract of ours', () => {
    const ours = Object.keys(CALL_REASONS).filter((name) => name.startsWith('sotto.'))
    expect(services.map(([name]) => name)).to.have.members(ours)
  })

  for (const [name, reasons, all] of services) {
    it(`are those that ${name} lists`, () => {
      expect(sorted(CALL_REASONS[name] as ServiceReasons)).to.deep.equal(sorted(reasons))
    })

    it(`go with the status that ${name} says`, () => {
      for (const { status, reason } of all) {
        expect(wireErrorOf(reason, `/${name}/`).status, reason).to.equal(Code[status as keyof typeof Code])
      }
    })
  }
})
