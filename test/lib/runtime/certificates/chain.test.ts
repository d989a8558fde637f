import { X509Certificate } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ensureCertificateAuthority, loadAuthority, replaceAuthority } from '#lib/runtime/certificates/authority.ts'
import { certificatesIn, firstAuthorityOf, followAuthority, inDer } from '#lib/runtime/certificates/chain.ts'
import { type CertificateAuthority, issueAuthority, issueLeaf } from '#lib/runtime/certificates/issue.ts'
import { fingerprintOf, realmOf } from '#lib/runtime/tls.ts'
import { FakeClock } from '../../../support/clock.ts'
import { codeOf } from '../../../support/code-of.ts'
import { EARLIER_AUTHORITY } from '../../../support/earlier-authority.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const YEAR_MS = 365 * 86_400_000

/** Three authorities, one after the other, each a year after the one before: their lists. */
async function threeAuthorities(clock: FakeClock): Promise<readonly [first: string, second: string, third: string]> {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'ca')
  const first = await ensureCertificateAuthority(path, clock)
  clock.advance(YEAR_MS)
  const second = await replaceAuthority(path, clock)
  clock.advance(YEAR_MS)
  const third = await replaceAuthority(path, clock)
  return [first.certificatesPem, second.certificatesPem, third.certificatesPem]
}

const ownOf = (list: string) => certificatesIn(list)[0] ?? ''

describe('replaceAuthority', () => {
  it('puts one in its place that it has signed for, and keeps the key of that one alone', async () => {
    await using folder = await temporaryFolder()
    const clock = new FakeClock()
    const first = await ensureCertificateAuthority(folder.path, clock)
    const next = await replaceAuthority(folder.path, clock)
    expect(await loadAuthority(folder.path)).to.deep.equal(next)
    const [own, signedByFirst, ownOfFirst] = certificatesIn(next.certificatesPem).map((pem) => new X509Certificate(pem))
    expect(ownOfFirst?.toString()).to.equal(first.certificatesPem)
    expect(own?.verify(own.publicKey)).to.equal(true)
    expect(ownOfFirst && signedByFirst?.verify(ownOfFirst.publicKey)).to.equal(true)
    const files = await Promise.all(
      (await readdir(folder.path)).map((name) => readFile(join(folder.path, name), 'utf8')),
    )
    expect(files.some((text) => text.includes(first.keyPem.split('\n')[1] ?? ''))).to.equal(false)
  })

  it('leaves the one or the other where it is killed: the public file may be of before', async () => {
    await using folder = await temporaryFolder()
    const clock = new FakeClock()
    const before = await ensureCertificateAuthority(folder.path, clock)
    const next = await replaceAuthority(folder.path, clock)
    await writeFile(join(folder.path, 'ca.pem'), before.certificatesPem)
    expect(await loadAuthority(folder.path)).to.deep.equal(next)
  })

  it('refuses where there is none, or one that can sign leaves alone', async () => {
    await using folder = await temporaryFolder()
    expect((await rejection(replaceAuthority(folder.path, new FakeClock()))).code).to.equal('ERR_STORE')
    for (const [name, text] of Object.entries(EARLIER_AUTHORITY)) await writeFile(join(folder.path, name), text)
    const { code, message } = await rejection(replaceAuthority(folder.path, new FakeClock()))
    expect([code, message]).to.deep.equal([
      'ERR_CONFIG',
      'the authority was made by an earlier version, and can sign no other',
    ])
  })

  it('refuses after 32 times, which the list of all of them has room for', async () => {
    await using folder = await temporaryFolder()
    const clock = new FakeClock()
    const { certificatesPem: first } = await ensureCertificateAuthority(folder.path, clock)
    for (let count = 0; count < 32; count += 1) await replaceAuthority(folder.path, clock)
    const list = (await loadAuthority(folder.path))?.certificatesPem ?? ''
    expect((await rejection(replaceAuthority(folder.path, clock))).code).to.equal('ERR_CONFIG')
    const { authorityPem } = followAuthority(first, inDer(list), clock.nowMs())
    expect(fingerprintOf(authorityPem)).to.equal(fingerprintOf(list))
    // Within the 64 KiB that an answer of a service may have.
    expect(inDer(list).reduce((sum, { length }) => sum + length, 0)).to.be.below(48 * 1024)
  }).timeout(30_000)
})

describe('followAuthority', () => {
  const clock = new FakeClock()
  let lists: Awaited<ReturnType<typeof threeAuthorities>>
  let shown: readonly Buffer[]
  before(async () => {
    lists = await threeAuthorities(clock)
    shown = inDer(lists[2])
  })

  const follow = (trusted: string, authorities = shown, nowMs = clock.nowMs()) =>
    followAuthority(trusted, authorities, nowMs)
  const refusal = (authorities: readonly Buffer[], trusted = ownOf(lists[0]), nowMs = clock.nowMs()) =>
    codeOf(() => follow(trusted, authorities, nowMs))

  it('leads from any of them to the newest, and to the realm of the first', () => {
    const realm = realmOf(lists[0])
    for (const list of lists) {
      const found = follow(ownOf(list))
      expect(fingerprintOf(found.authorityPem)).to.equal(fingerprintOf(lists[2]))
      expect(found.realm).to.deep.equal(realm)
    }
    expect(follow(lists[0], [])).to.deep.equal({ authorityPem: lists[0], realm })
    expect(follow(lists[0], inDer(lists[0]))).to.deep.equal({ authorityPem: lists[0], realm })
  })

  it('refuses one of another installation, with the realm of this one or not', async () => {
    const other = inDer((await threeAuthorities(new FakeClock()))[2])
    expect(refusal(other)).to.equal('ERR_CA_MISMATCH')
    expect(refusal([...other.slice(0, 2), ...shown.slice(2)])).to.equal('ERR_CA_MISMATCH')
    expect(refusal([...other, ...shown])).to.equal('ERR_CA_MISMATCH')
    // Another's, signed by nobody, with the names of ours.
    expect(refusal([other[0] as Buffer, ...shown.slice(1)])).to.equal('ERR_CA_MISMATCH')
  })

  it('refuses a list in another order, cut, or with one left out', () => {
    expect(refusal(shown.toReversed())).to.equal('ERR_CA_MISMATCH')
    expect(refusal(shown.slice(0, -1))).to.equal('ERR_CA_MISMATCH')
    expect(refusal(shown.slice(1))).to.equal('ERR_CA_MISMATCH')
    expect(refusal(shown.toSpliced(1, 1))).to.equal('ERR_CA_MISMATCH')
    expect(refusal(shown.toSpliced(3, 1))).to.equal('ERR_CA_MISMATCH')
  })

  it('refuses what is signed, and is no authority', async () => {
    const authority: CertificateAuthority = await issueAuthority(clock)
    const leaf = await issueLeaf(authority, ['auth.sotto'], clock)
    const { certificatesPem } = await issueLeaf(
      { certificatesPem: leaf.certificatesPem, keyPem: leaf.keyPem },
      ['auth.sotto'],
      clock,
    )
    const [below = ''] = certificatesIn(certificatesPem)
    const [between = ''] = certificatesIn(leaf.certificatesPem)
    expect(refusal(inDer(below + between + authority.certificatesPem), authority.certificatesPem)).to.equal(
      'ERR_CA_MISMATCH',
    )
  })

  it('refuses one that has ended, or has not begun, on the way; not one that only names the installation', () => {
    const first = ownOf(lists[0])
    const endOfFirst = new X509Certificate(first).validToDate.getTime()
    expect(refusal([...shown], first, endOfFirst + 1_000)).to.equal('ERR_CA_MISMATCH')
    expect(refusal([...shown], first, clock.nowMs() - YEAR_MS)).to.equal('ERR_CA_MISMATCH')
    expect(follow(ownOf(lists[2]), shown, endOfFirst + 1_000).realm).to.deep.equal(realmOf(firstAuthorityOf(lists[2])))
  })

  it('refuses bytes that are no certificate, and more than there may be', () => {
    expect(refusal([Buffer.from('no certificate')])).to.equal('ERR_CA_MISMATCH')
    expect(refusal(Array<Buffer>(66).fill(shown[0] as Buffer))).to.equal('ERR_CA_MISMATCH')
  })
})
