/** Conversations through a relay that ends in the middle of them: all real processes, with two relays. */
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import { freePort } from '../../support/free-port.ts'
import { JsonChat } from '../../support/json-chat.ts'
import { Link } from '../../support/link.ts'

/** How many messages go each way while a relay ends, and how many of them are under way at once. */
const MESSAGES = 90
const UNDER_WAY = 8

type RelayName = 'relay' | 'second relay'

describe('a relay that ends in the middle of a conversation', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let resources: AsyncDisposableStack
  /** The relays, by their addresses. */
  let relays: ReadonlyMap<string, RelayName>

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const [one, two] = [await freePort(), await freePort()]
    const [first, second] = [`127.0.0.1:${one}`, `127.0.0.1:${two}`]
    const addresses = { SOTTO_RELAY_PORT: String(one), SOTTO_RELAY_ADDRESSES: `${first},${second}` }
    deployment = resources.use(await Deployment.start({ SOTTO_RELAY: 'on', ...addresses }))
    relays = new Map([
      [first, 'relay'],
      [second, 'second relay'],
    ])
    const home = deployment.home.path
    // The certificate of the first, and mailboxes of its own, to which nobody writes here.
    await deployment.startService('second relay', {
      SOTTO_RELAY_PORT: String(two),
      SOTTO_RELAY_DATA: join(home, 'second relay'),
      SOTTO_RELAY_TLS: join(home, 'relay', 'tls'),
    })
    await deployment.signUp('alice', 'bob')
  })
  afterEach(() => resources.disposeAsync())

  async function chat(name: string, ...args: readonly string[]): Promise<JsonChat> {
    const all = ['chat', '--json', '--profile', name, '--listen', '127.0.0.1', ...args]
    return resources.use(await JsonChat.online(deployment.sotto(all, { input: 'open' })))
  }

  const numbered = (name: string) => Array.from({ length: MESSAGES }, (_, index) => `${name} ${index + 1}`)

  async function say(from: JsonChat, to: JsonChat, [name, other]: readonly [string, string]): Promise<void> {
    const texts = numbered(name)
    for (const [index, text] of texts.entries()) {
      const before = texts[index - UNDER_WAY]
      if (before !== undefined) await to.untilText(before)
      from.say(other, text)
    }
    await to.untilText(texts.at(-1) ?? '')
  }

  /** Both talk, and relays end when a third of it has come. Nothing of it may be lost, doubled or out of order. */
  async function talkWhile(alice: JsonChat, bob: JsonChat, end: () => Promise<unknown>): Promise<void> {
    const both = Promise.all([say(alice, bob, ['alice', 'bob']), say(bob, alice, ['bob', 'alice'])])
    await bob.untilText(`alice ${MESSAGES / 3}`)
    await end()
    await both
    expect(bob.textsFrom('alice')).to.deep.equal(numbered('alice'))
    expect(alice.textsFrom('bob')).to.deep.equal(numbered('bob'))
  }

  /** The relay at which somebody is called. */
  const relayOf = (one: JsonChat) => relays.get(String(one.events('online').at(-1)?.['relay'])) as RelayName

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`is replaced by another, with nothing lost, after ${signal}`, async () => {
      const [alice, bob] = [await chat('alice', '--relay-only'), await chat('bob', '--relay-only')]
      await talkWhile(alice, bob, () => deployment.endService(relayOf(bob), signal))
      expect(new Set([...alice.routes, ...bob.routes])).to.deep.equal(new Set(['relay']))
    })

    it(`is followed by a direct conversation, where there is no other, after ${signal}`, async () => {
      const at = `127.0.0.1:${await freePort()}`
      // Nobody answers there at first.
      const blocked = `127.0.0.1:${await freePort()}`
      const alice = await chat('alice', '--any-route', '--advertise', `127.0.0.1:${await freePort()}`)
      const bob = await chat('bob', '--any-route', '--listen', at, '--advertise', blocked)
      await talkWhile(alice, bob, async () => {
        expect(new Set([...alice.routes, ...bob.routes])).to.deep.equal(new Set(['relay']))
        resources.use(await new Link(at).listen('127.0.0.1', Number(blocked.split(':')[1])))
        await Promise.all([...relays.values()].map((name) => deployment.endService(name, signal)))
      })
      expect([alice.routes.at(-1), bob.routes.at(-1)]).to.deep.equal(['direct', 'direct'])
    })
  }
})
