/**
 * Making certificates, by @peculiar/x509 over the cryptography of Node.js.
 *
 * To be imported where one has to be made, and not before: that takes a tenth of a second, which a start that finds its
 * certificates does without.
 *
 * @module
 */
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
// @peculiar/x509 needs it, and leaves it to the program.
import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  GeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  type X509CertificateCreateCommonParams,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { SottoError } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import type { CertificateChain } from '../tls.ts'
import { certificatesIn, inOrderShown } from './chain.ts'
import { AUTHORITY_DAYS, BACKDATED_MS, LEAF_DAYS } from './lifetimes.ts'

// Its types name those of a browser, which Node.js has under names of its own.
declare global {
  type Algorithm = webcrypto.Algorithm
  type AlgorithmIdentifier = webcrypto.AlgorithmIdentifier
  type BufferSource = NodeJS.BufferSource
  type CryptoKeyPair = webcrypto.CryptoKeyPair
  type EcKeyGenParams = webcrypto.EcKeyGenParams
  type EcKeyImportParams = webcrypto.EcKeyImportParams
  type EcdsaParams = webcrypto.EcdsaParams
  type KeyUsage = webcrypto.KeyUsage
  type RsaHashedImportParams = webcrypto.RsaHashedImportParams
}

/** The certificates and the key that sign leaves, and the next authority. */
export interface CertificateAuthority {
  /** The authority's own certificate, and what leads from the installation's first one to it: chain.ts has the order. */
  readonly certificatesPem: string
  /** PKCS #8. Secret. */
  readonly keyPem: string
}

/** The first authority's name; the ones after it have their number behind it, by which TLS finds its way between them. */
const AUTHORITY_NAME = 'Sotto certificate authority'

const DAY_MS = 86_400_000

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** The first authority of an installation, signed by itself. */
export async function issueAuthority(clock: Clock): Promise<CertificateAuthority> {
  const keys = await generateKeys()
  const certificate = await selfSigned(AUTHORITY_NAME, keys, clock)
  return { certificatesPem: pemText(certificate), keyPem: pemOf(keys.privateKey) }
}

/**
 * The authority that comes after another, which signs for it.
 *
 * @throws SottoError `ERR_CONFIG` if that one can sign leaves alone.
 */
export async function issueSuccessor(authority: CertificateAuthority, clock: Clock): Promise<CertificateAuthority> {
  const [current = '', ...earlier] = certificatesIn(authority.certificatesPem)
  const former = new X509Certificate(current)
  if (former.getExtension(BasicConstraintsExtension)?.pathLength !== undefined) {
    throw new SottoError('ERR_CONFIG', 'the authority was made by an earlier version, and can sign no other', {
      hint: 'make one that can, as by sotto admin init --new-authority; everybody then needs a new link',
    })
  }
  const { subjectName: issuer, notAfter: issuerEnd } = former
  const keys = await generateKeys()
  // Two certificates are added at a time, of which one is the authority's own.
  const name = `${AUTHORITY_NAME} ${earlier.length / 2 + 2}`
  const own = await selfSigned(name, keys, clock)
  const params = commonParams(AUTHORITY_DAYS, clock)
  const signedByFormer = await X509CertificateGenerator.create(
    {
      ...params,
      // Who knows the former alone trusts nothing for longer than that one.
      notAfter: issuerEnd < own.notAfter ? issuerEnd : own.notAfter,
      subject: `CN=${name}`,
      issuer,
      publicKey: keys.publicKey,
      signingKey: createPrivateKey(authority.keyPem).toCryptoKey(KEY_ALGORITHM, false, ['sign']),
      extensions: authorityExtensions(),
    },
    webcrypto,
  )
  return {
    certificatesPem: [pemText(own), pemText(signedByFormer), current, ...earlier].join(''),
    keyPem: pemOf(keys.privateKey),
  }
}

function selfSigned(name: string, keys: webcrypto.CryptoKeyPair, clock: Clock): Promise<X509Certificate> {
  const params = { ...commonParams(AUTHORITY_DAYS, clock), name: `CN=${name}`, keys, extensions: authorityExtensions() }
  return X509CertificateGenerator.createSelfSigned(params, webcrypto)
}

/** No limit on what is below it: leaves, and the authorities that come after. */
function authorityExtensions() {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]
}

/**
 * A leaf for both ends of a connection, with the authority's certificates behind it.
 *
 * @param names - The role first, which is also the subject; then names and IP literals.
 */
export async function issueLeaf(
  authority: CertificateAuthority,
  names: readonly [role: string, ...string[]],
  clock: Clock,
): Promise<CertificateChain> {
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.create(
    {
      ...commonParams(LEAF_DAYS, clock),
      subject: `CN=${names[0]}`,
      issuer: new X509Certificate(authority.certificatesPem).subjectName,
      publicKey: keys.publicKey,
      signingKey: createPrivateKey(authority.keyPem).toCryptoKey(KEY_ALGORITHM, false, ['sign']),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension(names.map((value) => new GeneralName(isIP(value) ? 'ip' : 'dns', value))),
      ],
    },
    webcrypto,
  )
  return {
    keyPem: pemOf(keys.privateKey),
    certificatesPem: [pemText(certificate), ...inOrderShown(certificatesIn(authority.certificatesPem))].join(''),
  }
}

function commonParams(days: number, clock: Clock): X509CertificateCreateCommonParams {
  const nowMs = clock.now().getTime()
  return {
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: SIGNING_ALGORITHM,
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

function pemText(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}

function pemOf(privateKey: webcrypto.CryptoKey): string {
  return KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
}
