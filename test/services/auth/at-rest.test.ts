import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { loadWrappingKey } from '../../../services/auth/wrapping-key-file.ts'
import { AuthRecords, passwordOf } from '../../support/auth-records.ts'
import { keyPairOf } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The forms in which bytes may have been written. */
function formsOf(bytes: Uint8Array): Record<string, Buffer> {
  const buffer = Buffer.from(bytes)
  return {
    raw: buffer,
    hex: Buffer.from(buffer.toString('hex')),
    'upper-case hex': Buffer.from(buffer.toString('hex').toUpperCase()),
    base64: Buffer.from(buffer.toString('base64').replace(/=+$/, '')),
    base64url: Buffer.from(buffer.toString('base64url')),
  }
}

describe("Auth's database", () => {
  it('shows no password, token, bearer or key to whoever reads its files', async () => {
    await using keys = await temporaryFolder()
    const wrappingKeyFile = join(keys.path, 'wrapping.key')
    await using records = await AuthRecords.open({ wrappingKey: await loadWrappingKey(wrappingKeyFile) })
    const secrets: Record<string, Uint8Array> = { 'wrapping key': await readFile(wrappingKeyFile) }
    for (const name of ['alice', 'bob']) {
      const password = passwordOf(`the password of ${name}`)
      await records.accounts.add(name, password)
      const account = await records.accounts.authenticate(name, password)
      const { token } = await records.sessions.begin(account, keyPairOf(name).publicKey, false)
      const derived = deriveSessionKeys(token)
      await records.sessions.use(derived.directoryBearer)
      Object.assign(secrets, { [`${name}'s password`]: password.reveal(), [`${name}'s token`]: token.reveal() })
      for (const [purpose, key] of Object.entries(derived)) secrets[`${name}'s ${purpose}`] = key.reveal()
    }
    await records.accounts.setPassword('alice', passwordOf('another password'))
    secrets["alice's second password"] = Buffer.from('another password')

    const files = (await readdir(records.folder.path)).toSorted()
    expect(files).to.include.members(['auth.db', 'auth.db-wal'])
    for (const file of files) {
      const path = join(records.folder.path, file)
      const content = await readFile(path)
      for (const [secret, bytes] of Object.entries(secrets)) {
        for (const [form, needle] of Object.entries(formsOf(bytes))) {
          expect(content.includes(needle), `${secret} as ${form} in ${file}`).to.equal(false)
        }
      }
      expect((await stat(path)).mode & 0o077, file).to.equal(0)
    }
    // The search can find: what is no secret is there.
    const everything = Buffer.concat(await Promise.all(files.map((file) => readFile(join(records.folder.path, file)))))
    expect(everything.includes(keyPairOf('bob').publicKey)).to.equal(true)
  })
})
