/**
 * A whole run with everything logged and traced that can be, searched for everything that nobody may see: what the
 * programs wrote, the process list while they ran, and what lies on the disk.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { connect as connectTo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { ConverseRequest } from '#gen/sotto/peer/v1/peer_service.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { MESSAGE_1_BYTES } from '#lib/noise/handshake.ts'
import { connect } from '#lib/rpc/client.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { openTicket } from '#lib/ticket/ticket.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { connectPeer, converse, requestChat, start } from '../support/admitted-caller.ts'
import { findSecrets } from '../support/byte-forms.ts'
import { Deployment } from '../support/deployment.ts'
import { freePort } from '../support/free-port.ts'
import { replayCaller } from '../support/http2-replay.ts'
import { CONVERSE } from '../support/peer-server.ts'
import type { TestProcess } from '../support/processes.ts'
import { framed, rawCall } from '../support/raw-call.ts'
import { type TappedConnection, Wiretap } from '../support/tap.ts'

/** Long enough that none of them turns up by chance. */
const ALICE = 'alice-of-the-search'
const BOB = 'bob-of-the-search'
const PASSWORDS = { [ALICE]: 'correct horse of alice', [BOB]: 'battery staple of bob' }
const WRONG_PASSWORD = 'a password that somebody typed wrong'
const TEXTS = ['nobody else reads this', 'nor this, with ünïcödé ✓', 'the last secret word']

describe('a whole run, at the most that can be logged and traced', function () {
  this.timeout(30_000)
  const secrets: Record<string, Uint8Array> = {}
  const programs: TestProcess[] = []
  /** The command line and the environment of every process of this machine, each time that we looked. */
  const processLists: Buffer[] = []
  let deployment: Deployment
  let wiretap: Wiretap
  let bobPort: number

  const keep = (name: string, bytes: Secret | Uint8Array | string) => {
    const secret = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    secrets[name] = secret instanceof Secret ? secret.reveal() : Uint8Array.from(secret)
  }

  function sotto(args: readonly string[], input?: string): TestProcess {
    const program = deployment.sotto(args, { input })
    programs.push(program)
    return program
  }

  before(async () => {
    for (const [name, password] of Object.entries(PASSWORDS)) keep(`the password of ${name}`, password)
    for (const [n, text] of TEXTS.entries()) keep(`text ${n}`, text)
    keep('the wrong password', WRONG_PASSWORD)
    wiretap = new Wiretap()
    deployment = await Deployment.start({ SOTTO_LOG_LEVEL: 'trace' })

    await sotto(['admin', 'add-user', ALICE, BOB], Object.values(PASSWORDS).join('\n')).ended
    const bob = await receiveAsBob()
    await signInAsAlice()
    await sendFromHere()
    await sendAsProcess()
    await sendAsArgument(bob)
    await failInEveryWay(bob)
    await keepSecretsOf('alice')
    await keepSecretsOf('bob')
    keep('the wrapping key', await readFile(join(deployment.home.path, 'auth', 'wrapping.key')))
  })
  after(async () => {
    await deployment[Symbol.asyncDispose]()
    await wiretap[Symbol.asyncDispose]()
  })

  const trust = () => ['--server', deployment.authAddress, '--ca', deployment.caFile]

  /** Bob signs in by the command, and receives through a wiretap that the ticket can be read from. */
  async function receiveAsBob(): Promise<TestProcess> {
    const login = sotto(['login', BOB, '--profile', 'bob', '--trace', ...trust()], PASSWORDS[BOB])
    await login.untilStderr('LoginRequest')
    processLists.push(await listProcesses())
    expect(await login.ended, login.errors.text).to.equal(0)
    bobPort = await freePort()
    const advertise = ['--advertise', `127.0.0.1:${await wiretap.on('peer', bobPort)}`]
    const bob = sotto(['receive', '--profile', 'bob', '--listen', `127.0.0.1:${bobPort}`, ...advertise, '--trace'])
    await bob.untilStderr('online as')
    return bob
  }

  /** Alice's login is made here, so that the session token can be looked for: no program keeps it. */
  async function signInAsAlice(): Promise<void> {
    const profile = await Profile.openOrCreate(deployment.home.path, 'alice')
    const authorityPem = await readFile(deployment.caFile, 'utf8')
    const security = { authorityPem, role: 'auth.sotto' } as const
    const auth = connect(AuthServiceService, { address: deployment.authAddress, security })
    const info = await auth.call.getServerInfo({})
    const { sessionToken, sessionId } = await auth.call.login({
      username: ALICE,
      password: PASSWORDS[ALICE] ?? '',
      identityKey: Buffer.from(profile.state.identity.publicKey),
      replaceIdentityKey: false,
      code: '',
    })
    auth.close()
    keep('the session token', sessionToken)
    const session = { sessionId, keys: deriveSessionKeys(Secret.of(sessionToken)), expiresAtMs: Date.now() + 1e9 }
    const { directoryAddress } = info
    const account = { username: ALICE, authAddress: deployment.authAddress, authorityPem, clockOffsetMs: 0, session }
    const host = deployment.authAddress.split(':')[0]
    await profile.update((state) => ({
      ...state,
      account: { ...account, relayAddresses: [], directoryAddress: directoryAddress.replace(/^:/, `${host}:`) },
    }))
  }

  /** Alice's first conversation is held here, so that the keys of the channel can be looked for. */
  async function sendFromHere(): Promise<void> {
    const profile = await deployment.profile('alice')
    const issued = await requestChat(profile, BOB)
    keep('the secret of the first conversation', issued.grant.secret)
    using _spy = spyOnChannelKeys((n, key) => keep(`channel key ${n}`, key))
    const connection = connectPeer(bobPort)
    await converse(connection, start(profile, issued), TEXTS[0] ?? '')
    connection.close()
  }

  async function sendAsProcess(): Promise<void> {
    const alice = deployment.sotto(['send', BOB, '--profile', 'alice', '--trace'], { input: 'open' })
    programs.push(alice)
    alice.input.write(`${TEXTS[1]}\n`)
    await alice.untilStderr('an acknowledgement')
    processLists.push(await listProcesses())
    alice.input.end()
    expect(await alice.ended, alice.errors.text).to.equal(0)
    keep('the secret of the second conversation', await secretOf(wiretap.connections.at(-1)))
  }

  /** A text among the arguments is taken out of the process list before the sender talks to anybody. */
  async function sendAsArgument(bob: TestProcess): Promise<void> {
    bob.signal('SIGSTOP')
    const alice = sotto(['send', BOB, TEXTS[2] ?? '', '--profile', 'alice', '--trace'])
    await alice.untilStderr('RequestChatRequest')
    processLists.push(await listProcesses())
    bob.signal('SIGCONT')
    expect(await alice.ended, alice.errors.text).to.equal(0)
  }

  /** s, by the ticket that was on the wire: only bob's key opens it. */
  async function secretOf(connection: TappedConnection | undefined): Promise<Secret> {
    const { messages } = await replayCaller(Buffer.concat(connection?.fromCaller ?? []))
    const hello = ConverseRequest.decode(messages[0] ?? Buffer.alloc(0)).message
    if (hello?.$case !== 'hello') throw new Error('the conversation does not begin with a Hello')
    const { instanceId, ticket } = HelloClear.decode(hello.value.clear)
    const { account, session } = (await deployment.profile('bob')).login
    const realm = realmOf(account.authorityPem)
    return openTicket({ key: session.keys.ticketKey, realm, receiverName: BOB, instanceId, ticket }).secret
  }

  async function failInEveryWay(bob: TestProcess): Promise<void> {
    const failures = [
      sotto(['login', ALICE, '--profile', 'third', '--trace', ...trust()], WRONG_PASSWORD),
      sotto(['send', 'nobody', '--profile', 'alice', '--trace'], TEXTS[2]),
      sotto(['send', ALICE, '--profile', 'alice', '--trace'], TEXTS[2]),
    ]
    for (const failure of failures) expect(await failure.ended).not.to.equal(0)
    const { code, errors } = await deployment.run(['logout', '--profile', 'third'])
    expect([code, errors.includes('ERR_NOT_LOGGED_IN')]).to.deep.equal([4, true])
    const value = { clear: Buffer.from('no Hello'), noiseMessage: Buffer.alloc(MESSAGE_1_BYTES) }
    const hello = ConverseRequest.encode({ message: { $case: 'hello', value } }).finish()
    await rawCall({ port: bobPort, path: CONVERSE, bytes: framed(hello) })
    await bob.untilStderr('ERR_HELLO_MALFORMED')
    connectTo(parseAddress(deployment.authAddress))
      .on('error', () => {})
      .end('no TLS')
    await deployment.service('auth').untilStderr('"level":"debug"')
    bob.signal('SIGKILL')
    await bob.ended
  }

  async function keepSecretsOf(name: string): Promise<void> {
    const { state, login } = await deployment.profile(name)
    keep(`the identity key of ${name}`, state.identity.secretKey)
    keep(`the profile key of ${name}`, await readFile(join(deployment.home.path, 'profiles', name, 'profile.key')))
    for (const [purpose, key] of Object.entries(login.session.keys)) keep(`the ${purpose} of ${name}`, key)
  }

  it('knows what to look for', () => {
    expect(Object.keys(secrets)).to.include.members(['the session token', 'channel key 0', 'channel key 1'])
    expect(Object.keys(secrets)).to.include.members(['the ticketKey of bob', 'the secret of the second conversation'])
    expect(Object.values(secrets).filter((bytes) => bytes.length < 16)).to.deep.equal([])
  })

  it('shows none of it in what the programs have written, errors included', () => {
    const services = [deployment.service('auth'), deployment.service('directory')]
    const written = [
      ...[...services, ...programs].map(({ errors }) => errors.bytes),
      // What the receiver shows is what it is for; nobody else has anything to say there.
      ...[...services, ...programs]
        .filter(({ output }) => !output.text.includes(TEXTS[0] ?? ''))
        .map(({ output }) => output.bytes),
    ]
    expect(findSecrets(secrets, Buffer.concat(written))).to.deep.equal([])
    const told = Buffer.concat(written).toString()
    const signs = [
      ALICE,
      '"level":"debug"',
      'LoginRequest',
      'one text, not shown',
      'ERR_LOGIN_REFUSED',
      'ERR_HELLO_MALFORMED',
    ]
    for (const sign of signs) expect(told).to.include(sign)
    // The search does find what is there.
    expect(findSecrets({ name: Buffer.from(BOB) }, Buffer.concat(written))).to.deep.equal(['name as raw'])
  })

  it('shows none of it in the process list', () => {
    for (const list of processLists) expect(findSecrets(secrets, list)).to.deep.equal([])
    expect(processLists).to.have.length(3)
    expect(findSecrets({ name: Buffer.from(BOB) }, processLists[0] ?? Buffer.alloc(0))).to.deep.equal(['name as raw'])
    for (const list of processLists) expect(list.includes(`SOTTO_HOME=${deployment.home.path}`)).to.equal(true)
    expect(processLists[2]?.includes('sotto send')).to.equal(true)
  })

  it('leaves none of it in either database, write-ahead logs included', async () => {
    for (const service of ['auth', 'directory']) {
      const folder = join(deployment.home.path, service)
      const files = (await readdir(folder)).filter((file) => file.startsWith(`${service}.db`))
      expect(files).to.include.members([`${service}.db`, `${service}.db-wal`])
      const contents = Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))))
      expect(findSecrets(secrets, contents), service).to.deep.equal([])
      expect(findSecrets({ name: Buffer.from(BOB) }, contents), service).to.deep.equal(['name as raw'])
    }
  })

  it('leaves none of it in a profile but for its key, which nobody else can read', async () => {
    for (const name of ['alice', 'bob']) {
      const folder = join(deployment.home.path, 'profiles', name)
      // A socket holds nothing.
      const inFolder = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isSocket())
      const [keyFile, ...others] = inFolder.map((entry) => entry.name).sort((a) => (a === 'profile.key' ? -1 : 1))
      expect(keyFile).to.equal('profile.key')
      for (const file of others) {
        const content = await readFile(join(folder, file))
        expect(findSecrets({ ...secrets, ALICE: Buffer.from(ALICE), BOB: Buffer.from(BOB) }, content)).to.deep.equal([])
      }
      for (const file of [folder, join(folder, 'profile.key'), join(folder, 'profile.sealed')]) {
        expect((await stat(file)).mode & 0o077, file).to.equal(0)
      }
    }
  })
})

/** Every command line and environment that this user can read. Linux has them in /proc; elsewhere there is nothing. */
async function listProcesses(): Promise<Buffer> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const files = ids.flatMap((id) => [`/proc/${id}/cmdline`, `/proc/${id}/environ`])
  // A process may end while we look.
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file).catch(() => Buffer.alloc(0)))))
}

/** Take note of every key that a cipher is given in this process. */
function spyOnChannelKeys(note: (n: number, key: Uint8Array) => void): Disposable {
  const { initializeKey } = CipherState.prototype
  let count = 0
  CipherState.prototype.initializeKey = function (key) {
    if (key !== undefined) note(count++, key)
    initializeKey.call(this, key)
  }
  return {
    [Symbol.dispose]() {
      CipherState.prototype.initializeKey = initializeKey
    },
  }
}
