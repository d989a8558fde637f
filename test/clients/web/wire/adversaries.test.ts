import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  ADVERSARIES,
  type Adversary,
  adversaryAsReader,
  missingKeys,
} from '../../../../clients/web/wire/adversaries.ts'
import { SEAL_KINDS, type Seal, type SealKind } from '../../../../clients/web/wire/trace-file.ts'

const THREAT_MODEL = readFileSync('docs/threat-model.md', 'utf8')

/** A seal of each kind, between those who use it. */
const SEALS: Readonly<Record<SealKind, Seal>> = {
  tls: { kind: 'tls', by: 'alice', for: 'auth' },
  ticket: { kind: 'ticket', by: 'auth', for: 'bob' },
  grant: { kind: 'grant', by: 'auth', for: 'alice' },
  identity: { kind: 'identity', by: 'alice', for: 'bob' },
  channel: { kind: 'channel', by: 'alice', for: 'bob' },
  letter: { kind: 'letter', by: 'alice', for: 'bob' },
}

function sectionOf(heading: string): string {
  const [, ...sections] = THREAT_MODEL.split(/^## /m)
  return sections.find((section) => section.startsWith(`${heading}\n`)) ?? ''
}

function opened(adversary: Adversary): SealKind[] {
  return SEAL_KINDS.filter((kind) => adversaryAsReader(adversary).opens(SEALS[kind]))
}

describe('the adversaries of the wire view', () => {
  for (const { name, cannot, section } of ADVERSARIES) {
    it(`say of ${name} what the threat model says`, () => expect(sectionOf(section)).to.include(cannot))
  }

  it('open what the threat model grants them, and none of them a conversation', () => {
    expect(Object.fromEntries(ADVERSARIES.map((each) => [each.id, opened(each)]))).to.deep.equal({
      network: [],
      directory: [],
      auth: ['tls', 'ticket', 'grant'],
      both: ['tls', 'ticket', 'grant'],
      relay: [],
      mailbox: [],
      thief: ['identity'],
      quantum: ['identity'],
    })
  })

  it('each open the calls to those services that do as they say', () => {
    const call: Seal = { kind: 'tls', by: 'alice', for: 'directory' }
    const reads = ADVERSARIES.filter((each) => adversaryAsReader(each).opens(call))
    expect(reads.map(({ id }) => id)).to.deep.equal(['directory', 'both'])
    const post: Seal = { kind: 'tls', by: 'alice', for: 'mailbox' }
    const carries = ADVERSARIES.filter((each) => adversaryAsReader(each).opens(post))
    expect(carries.map(({ id }) => id)).to.deep.equal(['mailbox'])
  })

  it('lack a key for a letter, each of them', () => {
    for (const each of ADVERSARIES) expect(missingKeys(each, SEALS.letter), each.id).not.to.be.empty
  })

  it('lack a key for a conversation, all of them together even', () => {
    const all = ADVERSARIES.flatMap(({ has }) => has)
    for (const each of ADVERSARIES) expect(missingKeys(each, SEALS.channel), each.id).not.to.be.empty
    expect(missingKeys({ ...(ADVERSARIES[0] as Adversary), has: all }, SEALS.channel)).to.deep.equal([
      'the ephemeral ML-KEM key',
    ])
  })
})
