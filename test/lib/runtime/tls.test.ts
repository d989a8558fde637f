import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { fetchCertificateAuthority, fingerprintOf, realmOf } from '#lib/runtime/tls.ts'
import { authServer } from '../../support/auth-server.ts'
import { FarLink } from '../../support/far-link.ts'
import { rejection } from '../../support/rejection.ts'
import { testAuthority } from '../../support/test-authority.ts'

describe('realmOf', () => {
  it("is SHA-256 of the authority's public key, as OpenSSL prints it", async () => {
    await using authority = await testAuthority()
    const { publicKey } = new X509Certificate(authority.authorityPem)
    const der = Buffer.from(
      publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString()
        .replaceAll(/-----[A-Z ]+-----|\n/g, ''),
      'base64',
    )
    expect(Buffer.from(realmOf(authority.authorityPem))).to.deep.equal(createHash('sha256').update(der).digest())
  })
})

describe('fetchCertificateAuthority', () => {
  it('finds the authority by its fingerprint, however that is written', async () => {
    await using auth = await authServer({})
    const fingerprint = fingerprintOf(auth.authority.authorityPem)
    const withColons = new X509Certificate(auth.authority.authorityPem).fingerprint256
    for (const written of [fingerprint, fingerprint.toUpperCase(), withColons]) {
      const found = await fetchCertificateAuthority(auth.address, written)
      expect(fingerprintOf(found)).to.equal(fingerprint)
    }
  })

  it('takes no other authority', async () => {
    await using auth = await authServer({})
    await using other = await testAuthority()
    const fetching = fetchCertificateAuthority(auth.address, fingerprintOf(other.authorityPem))
    expect((await rejection(fetching)).code).to.equal('ERR_CA_MISMATCH')
  })

  it('takes no leaf, though it has the fingerprint', async () => {
    await using auth = await authServer({})
    const leaf = await auth.authority.leaf('auth.sotto')
    const fetching = fetchCertificateAuthority(auth.address, fingerprintOf(leaf.certificatesPem))
    expect((await rejection(fetching)).code).to.equal('ERR_CA_MISMATCH')
  })

  it('refuses a fingerprint that is cut short', async () => {
    expect((await rejection(fetchCertificateAuthority('127.0.0.1:1', 'abcd'))).code).to.equal('ERR_USAGE')
  })

  it('says that nobody answers, and sends nothing to who does not speak TLS', async () => {
    const fingerprint = '00'.repeat(32)
    expect((await rejection(fetchCertificateAuthority('127.0.0.1:1', fingerprint))).code).to.equal('ERR_UNAVAILABLE')
    const plain = createServer((socket) => socket.on('error', () => {}).end('hello\r\n')).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const { port } = plain.address() as { port: number }
    const fetching = fetchCertificateAuthority(`127.0.0.1:${port}`, fingerprint)
    expect((await rejection(fetching)).code).to.equal('ERR_UNAVAILABLE')
    plain.close()
  })

  for (const bytes of [0, 300, 1_000]) {
    it(`asks once more where the connection breaks after ${bytes} bytes`, async () => {
      await using auth = await authServer({})
      const left = [bytes]
      await using link = await FarLink.start({ target: auth.address, cutAfter: () => left.shift() })
      const fingerprint = fingerprintOf(auth.authority.authorityPem)
      expect(fingerprintOf(await fetchCertificateAuthority(link.address, fingerprint))).to.equal(fingerprint)
    })
  }

  it('gives up where it is told to', async () => {
    await using silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const abort = new AbortController()
    silent.once('connection', () => abort.abort(new SottoError('ERR_INTERRUPTED', 'interrupted')))
    const fetching = fetchCertificateAuthority(`127.0.0.1:${port}`, '00'.repeat(32), abort.signal)
    expect((await rejection(fetching)).code).to.equal('ERR_INTERRUPTED')
  })

  it('says that there is no such host, and does not blame the server for it', async () => {
    // Longer than a name in the DNS can be: nobody has to be asked.
    const host = 'x'.repeat(64)
    const { code, message } = await rejection(fetchCertificateAuthority(`${host}:7001`, '00'.repeat(32)))
    expect([code, message]).to.deep.equal(['ERR_UNAVAILABLE', `there is no host named ${host}`])
  })
})
