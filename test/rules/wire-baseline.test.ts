import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const TICKET = 'proto/sotto/peer/v1/ticket.proto'

/** A field of it, as it stands there. */
const SECRET = 'bytes secret = 9 [debug_redact = true];'

/** What the check of the contracts against the baseline ends with, after a change to the contract of the ticket. */
function exitCodeAfter(change: (contract: string) => string): number | null {
  const root = mkdtempSync(join(tmpdir(), 'sotto-baseline-'))
  try {
    cpSync('proto', join(root, 'proto'), { recursive: true })
    cpSync('buf.yaml', join(root, 'buf.yaml'))
    const path = join(root, TICKET)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
    const buf = resolve('node_modules/.bin/buf')
    return spawnSync(buf, ['breaking', 'proto', '--against', 'proto/baseline.binpb'], { cwd: root }).status
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe('proto/baseline.binpb', () => {
  it('lets the contracts be as they are, and a field be added', () => {
    expect(exitCodeAfter((contract) => contract)).to.equal(0)
    expect(exitCodeAfter((contract) => contract.replace(SECRET, `${SECRET}\n  bytes more = 10;`))).to.equal(0)
  })

  it('stops a field from getting another number or type, and from going', () => {
    expect(exitCodeAfter((contract) => contract.replace(SECRET, SECRET.replace('9', '10')))).to.not.equal(0)
    expect(exitCodeAfter((contract) => contract.replace(SECRET, SECRET.replace('bytes', 'string')))).to.not.equal(0)
    expect(exitCodeAfter((contract) => contract.replace(SECRET, ''))).to.not.equal(0)
  })
})
