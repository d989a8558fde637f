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
import type { Clock } from './clock.ts'
import type { CertificateChain } from './tls.ts'

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

/** The certificate and the key that sign leaves. */
export interface CertificateAuthority {
  readonly certificatePem: string
  /** PKCS #8. Secret. */
  readonly keyPem: string
}

const AUTHORITY_NAME = 'Sotto certificate authority'

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3_650
const LEAF_DAYS = 365
/** How far a certificate's first moment lies back, for the sake of clocks that are behind, in milliseconds. */
const BACKDATED_MS = 3_600_000

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** An authority that signs leaves only, and is signed by itself. */
export async function issueAuthority(clock: Clock): Promise<CertificateAuthority> {
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      ...commonParams(AUTHORITY_DAYS, clock),
      name: `CN=${AUTHORITY_NAME}`,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  )
  return { certificatePem: certificate.toString('pem'), keyPem: pemOf(keys.privateKey) }
}

/**
 * A leaf for both ends of a connection, with the authority's certificate behind it.
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
      issuer: new X509Certificate(authority.certificatePem).subjectName,
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
    certificatesPem: `${certificate.toString('pem').trim()}\n${authority.certificatePem.trim()}\n`,
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

function pemOf(privateKey: webcrypto.CryptoKey): string {
  return KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
}
