import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ensureCertificateAuthority } from '#lib/runtime/certificates/authority.ts'
import { ensureLeaf } from '#lib/runtime/certificates/leaf.ts'
import { FakeClock } from '../../../support/clock.ts'
import { EARLIER_AUTHORITY } from '../../../support/earlier-authority.ts'
import { rejection } from '../../../support/rejection.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const DAY_MS = 86_400_000
const NAMES = ['localhost', '127.0.0.1', '::1', 'host.example']

/** The extensions of an authority, as DER: what a certificate says it is good for. */
const AUTHORITY_EXTENSIONS = 'a3233021300f0603551d130101ff040530030101ff300e0603551d0f0101ff040403020106'

async function authorityIn(folder: string, clock = new FakeClock()) {
  const authority = await ensureCertificateAuthority(join(folder, 'ca'), clock)
  const leaf = (names: readonly string[] = NAMES) =>
    ensureLeaf({ folder: join(folder, 'tls'), authority, role: 'auth.sotto', names, clock })
  return { authority, leaf, clock }
}

describe('ensureCertificateAuthority', () => {
  it('makes an authority for leaves and for the one after it: EC P-256 with SHA-256, for 10 years', async () => {
    await using folder = await temporaryFolder()
    const { authority } = await authorityIn(folder.path)
    const certificate = new X509Certificate(authority.certificatesPem)
    expect(certificate.ca).to.equal(true)
    expect(certificate.publicKey.asymmetricKeyDetails).to.have.property('namedCurve', 'prime256v1')
    expect(certificate.signatureAlgorithm).to.equal('ecdsa-with-SHA256')
    expect(certificate.verify(certificate.publicKey)).to.equal(true)
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / DAY_MS
    expect(days).to.be.within(3650, 3651)
    expect(certificate.raw.toString('hex')).to.include(AUTHORITY_EXTENSIONS)
  })

  it('goes on with an authority of before, and issues leaves by it', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'ca'))
    for (const [file, text] of Object.entries(EARLIER_AUTHORITY)) await writeFile(join(folder.path, 'ca', file), text)
    const { authority, leaf } = await authorityIn(folder.path)
    expect(authority).to.deep.equal({
      certificatesPem: `${EARLIER_AUTHORITY['ca.pem']}\n`,
      keyPem: EARLIER_AUTHORITY['ca.key'],
    })
    const certificate = new X509Certificate((await leaf()).certificatesPem)
    const issuer = new X509Certificate(authority.certificatesPem)
    expect(certificate.checkIssued(issuer)).to.equal(true)
    expect(certificate.verify(issuer.publicKey)).to.equal(true)
  })

  it('makes one authority where several begin at once', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'ca')
    const made = await Promise.all(Array.from({ length: 6 }, () => ensureCertificateAuthority(path, new FakeClock())))
    expect(new Set(made.map(({ certificatesPem }) => certificatesPem)).size).to.equal(1)
    expect(new Set(made.map(({ keyPem }) => keyPem)).size).to.equal(1)
    expect(await readdir(folder.path)).to.deep.equal(['ca'])
  })

  it('begins no installation in a folder of something else', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'notes'), '')
    expect((await rejection(ensureCertificateAuthority(folder.path, new FakeClock()))).code).to.equal('ERR_STORE')
  })

  it('keeps it, its key readable by the owner alone', async () => {
    await using folder = await temporaryFolder()
    const { authority } = await authorityIn(folder.path)
    expect((await authorityIn(folder.path)).authority).to.deep.equal(authority)
    expect((await stat(join(folder.path, 'ca'))).mode & 0o777).to.equal(0o700)
    expect((await stat(join(folder.path, 'ca', 'ca.key'))).mode & 0o777).to.equal(0o600)
  })

  for (const file of ['ca.pem', 'ca.key']) {
    it(`does not begin a new installation where only ${file} is gone or damaged`, async () => {
      await using folder = await temporaryFolder()
      await authorityIn(folder.path)
      await writeFile(join(folder.path, 'ca', file), 'damaged')
      expect((await rejection(authorityIn(folder.path))).code).to.equal('ERR_STORE')
      await rm(join(folder.path, 'ca', file))
      expect((await rejection(authorityIn(folder.path))).code).to.equal('ERR_STORE')
    })
  }
})
