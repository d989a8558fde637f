import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ensureCertificateAuthority, ensureLeaf, hostNames, loadLeaf } from '#lib/runtime/certificate-authority.ts'
import { FakeClock } from '../../support/clock.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const DAY_MS = 86_400_000
const NAMES = ['localhost', '127.0.0.1', '::1', 'host.example']

/** An authority that was made by the selfsigned package, which made them before. */
const EARLIER_AUTHORITY = {
  'ca.pem': `-----BEGIN CERTIFICATE-----
MIIBaTCCAQ+gAwIBAgIJbQDNaymSWQ4BMAoGCCqGSM49BAMCMCYxJDAiBgNVBAMT
G1NvdHRvIGNlcnRpZmljYXRlIGF1dGhvcml0eTAeFw0yNjEwMzEyMzAwMDBaFw0z
NjEwMjkwMDAwMDBaMCYxJDAiBgNVBAMTG1NvdHRvIGNlcnRpZmljYXRlIGF1dGhv
cml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD/WCZPTpPYqmG35GsnWXyaE
DhjAtcGH4ciY1SwzYVNEkTI0r5IcDfCyH6JPx7oIm8rRr2um821/CJSdxfPbV8ij
JjAkMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49
BAMCA0gAMEUCICqwEo8HZKoSsn42HEWuGXeW2Oe44Ob66iDYI0q9FUHkAiEAhgB0
3GaV3T8t/t5tlq88n30f1gO9rS4NYoQGs+YTu58=
-----END CERTIFICATE-----`,
  'ca.key': `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZ6YeyeWp2oeecqsU
Qs6F/c4k1c6xj6beJjExzykam/OhRANCAAQ/1gmT06T2Kpht+RrJ1l8mhA4YwLXB
h+HImNUsM2FTRJEyNK+SHA3wsh+iT8e6CJvK0a9rpvNtfwiUncXz21fI
-----END PRIVATE KEY-----
`,
}

/** The extensions of an authority, and of a leaf for {@link NAMES}, as DER: what a certificate says it is good for. */
const AUTHORITY_EXTENSIONS = 'a326302430120603551d130101ff040830060101ff020100300e0603551d0f0101ff040403020106'
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

describe('ensureCertificateAuthority', () => {
  it('makes an authority for leaves alone: EC P-256 with SHA-256, for 10 years', async () => {
    await using folder = await temporaryFolder()
    const { authority } = await authorityIn(folder.path)
    const certificate = new X509Certificate(authority.certificatePem)
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
      certificatePem: EARLIER_AUTHORITY['ca.pem'],
      keyPem: EARLIER_AUTHORITY['ca.key'],
    })
    const certificate = new X509Certificate((await leaf()).certificatesPem)
    const issuer = new X509Certificate(authority.certificatePem)
    expect(certificate.checkIssued(issuer)).to.equal(true)
    expect(certificate.verify(issuer.publicKey)).to.equal(true)
  })

  it('makes one authority where several begin at once', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'ca')
    const made = await Promise.all(Array.from({ length: 6 }, () => ensureCertificateAuthority(path, new FakeClock())))
    expect(new Set(made.map(({ certificatePem }) => certificatePem)).size).to.equal(1)
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
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).to.equal(true)
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

describe('loadLeaf', () => {
  it('gives what another process has put there', async () => {
    await using folder = await temporaryFolder()
    const { authority, leaf } = await authorityIn(folder.path)
    const certificate = await leaf()
    const loaded = await loadLeaf(join(folder.path, 'tls'))
    expect(loaded.certificate).to.deep.equal(certificate)
    expect(loaded.authorityPem.trim()).to.equal(authority.certificatePem.trim())
    const beside = await readFile(join(folder.path, 'tls', 'ca.pem'), 'utf8')
    expect(beside).to.equal(authority.certificatePem)
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
