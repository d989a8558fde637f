/**
 * A certificate authority for one test file, and certificates of servers and clients by it.
 *
 * @module
 */
import { join } from 'node:path'
import { ensureCertificateAuthority } from '#lib/runtime/certificates/authority.ts'
import { ensureLeaf } from '#lib/runtime/certificates/leaf.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import type { CertificateChain, Role } from '#lib/runtime/tls.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

export interface TestAuthority extends AsyncDisposable {
  readonly authorityPem: string
  /** The folder that holds `ca/ca.pem` and a folder for each role. */
  readonly folder: TemporaryFolder
  leaf(role: Role): Promise<CertificateChain>
}

/** A new authority with the system's clock, as TLS has it. */
export async function testAuthority(): Promise<TestAuthority> {
  const folder = await temporaryFolder()
  const authority = await ensureCertificateAuthority(join(folder.path, 'ca'), systemClock)
  return {
    authorityPem: authority.certificatesPem,
    folder,
    leaf: (role) =>
      ensureLeaf({
        folder: join(folder.path, role),
        authority,
        role,
        names: ['localhost', '127.0.0.1'],
        clock: systemClock,
      }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
