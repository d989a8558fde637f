/** What a page says of messages that are on their way by letter, in a real browser, where there is one. */
import { launchBrowser } from '../../support/browser.ts'
import { Deployment } from '../../support/deployment.ts'

/** How long what happens at the page may take, in milliseconds. */
const SOON_MS = 30_000

describe('the page of who has written to somebody away', function () {
  this.timeout(300_000)

  it('says what is posted apart from what waits', async function () {
    await using resources = new AsyncDisposableStack()
    const browser = await launchBrowser()
    if (browser === undefined) this.skip()
    resources.defer(() => browser.close())
    const deployment = resources.use(await Deployment.start({ SOTTO_RELAY: 'on' }))
    await deployment.signUp('alice', 'bob')
    const { process: bob } = await deployment.receive('bob', ['--json', '--trace'])
    await bob.untilStderr('"message":"PutPrekeysRequest"')
    bob.signal('SIGTERM')
    await bob.ended
    const client = deployment.sotto(['web', '--profile', 'alice', '--listen', '127.0.0.1'])
    await client.output.until((text) => text.includes('/#'))
    const page = await (await browser.newContext({ viewport: { width: 1100, height: 720 }, locale: 'en-GB' })).newPage()
    await page.goto(client.output.text.trim())
    await page.waitForSelector('.me', { timeout: SOON_MS })
    const send = (text: string) => deployment.run(['send', 'bob', text, '--profile', 'alice'])
    await send('hello')
    await page.click('nav a:has-text("bob")', { timeout: SOON_MS })
    const showsState = (text: string) =>
      page.locator('sotto-conversation header .state', { hasText: text }).waitFor({ timeout: SOON_MS })
    await showsState('offline, 1 posted')
    // It has no room in a letter.
    await deployment.run(['send', 'bob', '--queue', '--profile', 'alice'], { input: 'x'.repeat(61 * 1024) })
    await showsState('offline, 1 waiting, 1 posted')
    const { process: back } = await deployment.receive('bob')
    await back.output.until((text) => text.length > 61 * 1024)
    await showsState('online')
  })
})
