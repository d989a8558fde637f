/** A directory whose callers ask for more than they may. */
import { expect } from 'chai'
import type { SottoError } from '#lib/errors.ts'
import { LIMITS_OF_CALLS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { type DirectoryConnection, DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const REQUEST_CHAT = 'sotto.directory.v1.DirectoryService/RequestChat'
const REQUEST_LETTERS = 'sotto.directory.v1.DirectoryService/RequestLetters'
const GET_PRESENCE = 'sotto.directory.v1.DirectoryService/GetPresence'

describe('the rates of a directory', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  const sessions: Record<string, TestSession> = {}

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    for (const name of ['alice', 'bob', 'carol']) {
      await auth.addUser(name, `${name}'s password`)
      sessions[name] = await auth.login(name)
    }
    sessions['alice again'] = await auth.login('alice')
    directory = await DirectoryUnderTest.start(auth, { config: { metrics: { host: '127.0.0.1', port: 0 } } })
    await OpenAnnouncement.begin(directory.connect(), sessions['bob'] as TestSession)
  })
  after(async () => {
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  const askAs = (who: string, { call }: DirectoryConnection) => {
    const bearer = (sessions[who] as TestSession).keys.directoryBearer
    return call.requestChat({ username: 'bob', nonce: Buffer.alloc(16, 1), hideAddress: false }, { bearer })
  }

  /** Make so many calls, and give what the refused ones were refused with. */
  async function refused(count: number, ask: () => Promise<unknown>): Promise<SottoError[]> {
    const ends = await Promise.allSettled(Array.from({ length: count }, ask))
    return ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as SottoError] : []))
  }

  it('are those of an account, over all its sessions; others are served, from the same address', async () => {
    const { burst = 0, perSecond = 1 } = LIMITS_OF_CALLS[REQUEST_CHAT]?.account ?? {}
    const [one, another, ofCarol] = [directory.connect(), directory.connect(), directory.connect()]
    const beganMs = performance.now()
    const half = Math.ceil(burst / 2)
    expect(await refused(half, () => askAs('alice', one))).to.deep.equal([])
    const rest = await refused(half + 20, () => askAs('alice again', another))
    const afforded = Math.ceil(((performance.now() - beganMs) / 1_000) * perSecond)
    expect(rest.length).to.be.within(20 - afforded, 20)
    for (const { code, retryAfterMs = 0 } of rest) {
      expect(code).to.equal('ERR_BUSY')
      expect(retryAfterMs).to.be.within(1, (1_000 / perSecond) * 2)
    }
    expect(await refused(50, () => askAs('carol', ofCarol))).to.deep.equal([])
  })

  it('count each letter of a call as one, and refuse a call whole, with when to come back', async () => {
    const { burst = 0, perSecond = 1 } = LIMITS_OF_CALLS[REQUEST_LETTERS]?.account ?? {}
    const { call } = directory.connect()
    const bearer = (sessions['carol'] as TestSession).keys.directoryBearer
    const ask = (count: number) => {
      const letters = Array.from({ length: count }, () => ({ username: 'bob', nonce: Buffer.alloc(16, 1) }))
      return call.requestLetters({ letters }, { bearer })
    }
    const beganMs = performance.now()
    for (let left = burst; left > 0; left -= 25) expect((await ask(25)).results).to.have.lengthOf(25)
    const [refusal] = await refused(1, () => ask(32))
    const afforded = Math.ceil(((performance.now() - beganMs) / 1_000) * perSecond)
    // On a machine that is slow enough there is room again.
    if (afforded >= 32) return
    expect(refusal?.code).to.equal('ERR_BUSY')
    expect(refusal?.retryAfterMs).to.be.within(((32 - afforded) * 1_000) / perSecond - 1, (32 * 1_000) / perSecond)
  })

  it('are counted, by call and limit', async () => {
    const { burst = 0 } = LIMITS_OF_CALLS[REQUEST_CHAT]?.account ?? {}
    const connection = directory.connect()
    // On a machine that is slow enough there is room for the first of them.
    while ((await refused(burst + 20, () => askAs('alice', connection))).length === 0);
    const metrics = await (await fetch(`http://${directory.running.metricsAddress}/metrics`)).text()
    expect(metrics).to.match(
      /^sotto_limited_total\{method="sotto\.directory\.v1\.DirectoryService\/RequestChat",limit="account rate"\} \d+$/m,
    )
  })

  it('charge nobody’s account with what a stranger calls in their name', async () => {
    const { burst = 0 } = LIMITS_OF_CALLS[GET_PRESENCE]?.account ?? {}
    const [strange, own] = [directory.connect(), directory.connect()]
    const bearer = (sessions['carol'] as TestSession).keys.authBearer
    const ends = await refused(Math.min(burst, 100), () => strange.call.getPresence({ username: 'bob' }, { bearer }))
    expect(new Set(ends.map(({ code }) => code))).to.deep.equal(new Set(['ERR_SESSION_ENDED']))
    await askAs('carol', own)
  })
})
