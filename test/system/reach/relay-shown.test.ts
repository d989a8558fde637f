/** Which way a conversation goes, and what a relay sees of it, wherever a person may look. */
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import { type ChatEvent, JsonChat } from '../../support/json-chat.ts'

describe('a conversation through the relay', () => {
  let deployment: Deployment
  let alice: JsonChat
  let bob: JsonChat

  before(async () => {
    deployment = await Deployment.start({ SOTTO_RELAY: 'on' })
    await deployment.signUp('alice', 'bob')
    const chat = async (name: string, ...args: readonly string[]) => {
      const all = ['chat', '--json', '--profile', name, '--listen', '127.0.0.1', ...args]
      return await JsonChat.online(deployment.sotto(all, { input: 'open' }))
    }
    ;[alice, bob] = await Promise.all([chat('alice', '--relay-only', '--trace'), chat('bob')])
    alice.say('bob', 'through the relay')
    await bob.untilText('through the relay')
    bob.say('alice', 'likewise')
    await alice.untilText('likewise')
  })
  after(() => deployment[Symbol.asyncDispose]())

  it('is told to either end as it begins, and is in the answer to /who', async () => {
    expect([alice.routes, bob.routes]).to.deep.equal([['relay'], ['relay']])
    bob.command('who')
    expect(await bob.until('contact', () => true)).to.include({ contact: 'alice', online: true, route: 'relay' })
  })

  it('is among the contacts of another terminal', async () => {
    const { output } = await deployment.run(['contacts', '--profile', 'bob'])
    expect(output).to.match(/^alice .* here, through the relay$/m)
    const json = await deployment.run(['contacts', '--json', '--profile', 'bob'])
    expect(JSON.parse(json.output)).to.include({ name: 'alice', route: 'relay' })
  })

  it('is the only way of a page that was started so, and the profile keeps to it', async () => {
    await deployment.signUp('carol')
    const args = ['web', '--profile', 'carol', '--listen', '127.0.0.1', '--relay-only']
    await using page = deployment.sotto(args)
    await page.untilStderr('online as carol, through the relay at')
    expect((await deployment.profile('carol')).state.reach).to.equal('relay')
  })

  it('is in the trace, with what the relay sees of it: when, of which size, and a Hello that it cannot open', () => {
    const isOfConversation = ({ method }: ChatEvent) => /PeerService|RelayService/.test(String(method))
    const carried = alice.events('trace').filter(isOfConversation)
    expect(carried.length).to.be.above(3)
    for (const { method } of carried) expect(method).to.equal('sotto.relay.v1.RelayService.Call and Answer')
    const [hello, welcome, ...records] = carried.map(({ readableBy }) => String(readableBy))
    expect(hello).to.match(/^the relay; but bob alone opens the ticket/)
    expect(welcome).to.match(/^the relay, and it tells them nothing/)
    for (const record of records)
      expect(record).to.match(/and nobody else\. The relay sees .* of this size, and when\.$/)
    const [answer] = alice.events('trace').filter(({ message }) => message === 'RequestChatResponse')
    expect(JSON.stringify(answer?.['fields'])).to.include('attendance_id')
  })
})
