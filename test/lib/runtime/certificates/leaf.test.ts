import { X509Certificate } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { askForNewLeaves, ensureCertificateAuthority, newLeavesSince } from '#lib/runtime/certificates/authority.ts'
import { ensureLeaf, hostNames, loadLeaf, renewLeaf } from '#lib/runtime/certificates/leaf.ts'
import { FakeClock } from '../../../support/clock.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const DAY_MS = 86_400_000
const NAMES = ['localhost', '127.0.0.1', '::1', 'host.example']

/** The extensions of a leaf for {@link NAMES}, as DER: what a certificate says it is good for. */
const LEAF_EXTENSIONS = [
  'a38188308185300c0603551d130101ff04023000300e0603551d0f0101ff040403020780301d0603551d250416301406082b060105050703',
  '0106082b0601050507030230460603551d11043f303d820a617574682e736f74746f82096c6f63616c686f737487047f0000018710000000',
  '00000000000000000000000001820c686f73742e6578616d706c65',
].join('')

async function authorityIn(folder: string, clock = new FakeClock()) {
  const authority = await ensureCertificateAuthority(join(folder, 'ca'), clock)
  const leaf = (names: readonly string[] = NAMES) =>
    ensureLeaf({ folder: join(folder, 'tls'), authority, role: 'auth.sotto', names, clock })
  return { authority, leaf, clock }
}

describe('ensureLeaf', () => {
  it('names the role first, then everything else, and is good for both ends for a year', async () => {
    await using folder = await temporaryFolder()
    const { authority, leaf } = await authorityIn(folder.path)
    const { certificatesPem } = await leaf()
    const certificate = new X509Certificate(certificatesPem)
    expect(certificate.subject).to.equal('CN=auth.sotto')
    expect(certificate.subjectAltName).to.match(/^DNS:auth\.sotto, DNS:localhost, IP Address:127\.0\.0\.1/)
    expect(certificate.checkIP('::1')).to.equal('::1')
    expect(certificate.checkHost('host.example')).to.equal('host.example')
    expect(certificate.verify(new X509Certificate(authority.certificatesPem).publicKey)).to.equal(true)
    expect(certificate.ca).to.equal(false)
    expect(certificate.keyUsage).to.have.members(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / DAY_MS
    expect(days).to.be.within(365, 366)
    expect(certificate.raw.toString('hex')).to.include(LEAF_EXTENSIONS)
  })

  it('keeps a leaf that is good', async () => {
    await using folder = await temporaryFolder()
    const { leaf, clock } = await authorityIn(folder.path)
    const first = await leaf()
    clock.advance(100 * DAY_MS)
    expect(await leaf()).to.deep.equal(first)
    expect((await stat(join(folder.path, 'tls', 'leaf.pem'))).mode & 0o777).to.equal(0o600)
  })

  it('makes a new one in the second half of its year', async () => {
    await using folder = await temporaryFolder()
    const { leaf, clock } = await authorityIn(folder.path)
    const first = await leaf()
    clock.advance(200 * DAY_MS)
    expect(await leaf()).to.not.deep.equal(first)
  })

  it('makes a new one when its names change', async () => {
    await using folder = await temporaryFolder()
    const { leaf } = await authorityIn(folder.path)
    const first = await leaf()
    const more = await leaf([...NAMES, '192.0.2.7'])
    expect(more).to.not.deep.equal(first)
    const fewer = await leaf()
    expect(new X509Certificate(fewer.certificatesPem).checkIP('192.0.2.7')).to.equal(undefined)
  })

  it('makes a new one when the authority is another, or the file is damaged', async () => {
    await using folder = await temporaryFolder()
    const first = await (await authorityIn(folder.path)).leaf()
    await rm(join(folder.path, 'ca'), { recursive: true })
    const second = await (await authorityIn(folder.path)).leaf()
    expect(second).to.not.deep.equal(first)
    await writeFile(join(folder.path, 'tls', 'leaf.pem'), 'damaged')
    expect(await (await authorityIn(folder.path)).leaf()).to.not.deep.equal(second)
  })

  it('refuses a name that could be taken for a role', async () => {
    await using folder = await temporaryFolder()
    const { leaf } = await authorityIn(folder.path)
    expect((await rejection(leaf(['sealing.sotto']))).code).to.equal('ERR_CONFIG')
  })
})

describe('renewLeaf', () => {
  async function installation(folder: string) {
    const clock = new FakeClock()
    const authority = await ensureCertificateAuthority(join(folder, 'ca'), clock)
    const common = { folder: join(folder, 'tls'), authority, role: 'auth.sotto', clock } as const
    const first = await ensureLeaf({ ...common, names: NAMES })
    return { clock, common, first, renew: (sinceMs = 0) => renewLeaf({ ...common, names: ['other.example'], sinceMs }) }
  }

  it('keeps a leaf whose names are others than its own', async () => {
    await using folder = await temporaryFolder()
    const { first, renew } = await installation(folder.path)
    expect(await renew()).to.deep.equal(first)
  })

  it('makes one anew in the second half of its year, and where all are asked for, once', async () => {
    await using folder = await temporaryFolder()
    const { clock, first, renew } = await installation(folder.path)
    clock.advance(200 * DAY_MS)
    const second = await renew()
    expect(second).to.not.deep.equal(first)
    clock.advance(DAY_MS)
    await askForNewLeaves(join(folder.path, 'ca'), clock)
    const sinceMs = await newLeavesSince(join(folder.path, 'ca'))
    const third = await renew(sinceMs)
    expect(third).to.not.deep.equal(second)
    expect(await renew(sinceMs)).to.deep.equal(third)
  })

  it('takes what is no time for nothing asked', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'renew-leaves'), 'now')
    expect(await newLeavesSince(folder.path)).to.equal(0)
  })
})

describe('loadLeaf', () => {
  it('gives what another process has put there', async () => {
    await using folder = await temporaryFolder()
    const { authority, leaf } = await authorityIn(folder.path)
    const certificate = await leaf()
    const loaded = await loadLeaf(join(folder.path, 'tls'))
    expect(loaded.certificate).to.deep.equal(certificate)
    expect(loaded.authoritiesPem.trim()).to.equal(authority.certificatesPem.trim())
    const beside = await readFile(join(folder.path, 'tls', 'ca.pem'), 'utf8')
    expect(beside).to.equal(authority.certificatesPem)
  })

  it('refuses an empty folder', async () => {
    await using folder = await temporaryFolder()
    expect((await rejection(loadLeaf(folder.path))).code).to.equal('ERR_STORE')
  })
})

describe('hostNames', () => {
  it('has localhost and both loopback addresses', () => {
    expect(hostNames()).to.include.members(['localhost', '127.0.0.1', '::1'])
  })
})
