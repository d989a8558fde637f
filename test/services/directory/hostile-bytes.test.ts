/** Hostile bytes in requests to the directory for letters: whoever sends them gets an answer that the contract lists. */
import { expect } from 'chai'
import { DirectoryServiceService, LetterRefusal } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError } from '#lib/errors.ts'
import { connect } from '#lib/rpc/client.ts'
import { bytesOf } from '../../support/random.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest } from '../../support/running-directory.ts'
import { tamperings } from '../../support/tampered-message.ts'
import { testLog } from '../../support/test-log.ts'

const { requestLetters } = DirectoryServiceService

/** Bytes in the place of a request. */
const RAW = { requestLetters: { ...requestLetters, requestSerialize: (value: unknown): Buffer => value as Buffer } }

describe('a request for letters', function () {
  this.timeout(60_000)
  const seed = process.env['SEED'] ?? String(Date.now())
  const { log, lines } = testLog('warn')
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let alice: TestSession

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    alice = await auth.login('alice')
    await auth.login('bob')
    directory = await DirectoryUnderTest.start(auth, { log, config: { ratePerAccount: 1_000 } })
  })
  after(async () => {
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  it('that is hostile in any byte is refused, or answered letter by letter', async () => {
    const { address } = directory.running
    const security = { authorityPem: auth.running.caPem, role: 'directory.sotto' } as const
    const connection = connect(RAW, { address, security })
    const letters = ['bob', 'mallory'].map((username) => ({ username, nonce: Buffer.from(bytesOf('a nonce', 16)) }))
    const options = { bearer: alice.keys.directoryBearer }
    for (const { what, bytes } of tamperings(requestLetters.requestSerialize({ letters }), seed)) {
      try {
        const { results } = await connection.call.requestLetters(bytes as never, options)
        for (const { result } of results) {
          const { NO_SUCH_USER, NO_MAILBOX, WITH_SELF } = LetterRefusal
          if (result?.$case !== 'granted') expect([NO_SUCH_USER, NO_MAILBOX, WITH_SELF]).to.include(result?.value)
        }
      } catch (error) {
        if (isSottoError(error, 'ERR_INVALID_ARGUMENT')) continue
        throw new Error(`${what}, seed ${seed}: ${String(error)}`, { cause: error })
      }
    }
    expect(lines().filter(({ level }) => level === 'error')).to.deep.equal([])
    connection.close()
  })
})
