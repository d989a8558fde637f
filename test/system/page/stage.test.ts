/** `sotto demo --web`: both people and what passes between them, on one page of a real browser. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Browser, type Frame, launchBrowser, type Page } from '../../support/browser.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const PICTURES = join(ROOT, 'node_modules', '.cache', 'pictures')
const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8')

/** How long what happens at the other side may take, in milliseconds. */
const SOON_MS = 30_000

/** The first eight messages that the diagram has, the five of the protocol in their order. */
const FIRST = [
  '1 LoginRequest alice auth',
  '2 LoginResponse auth alice',
  '1 LoginRequest bob auth',
  '2 LoginResponse auth bob',
  '3 RequestChatRequest alice directory',
  '4 RequestChatResponse directory alice',
  '5 Hello alice bob',
  '5 Welcome bob alice',
]

describe('sotto demo --web in a browser', function () {
  this.timeout(300_000)
  let folder: TemporaryFolder
  let demo: TestProcess
  let browser: Browser
  let page: Page
  let alice: Frame
  let bob: Frame
  let link: string
  const complaints: string[] = []

  before(async function () {
    const launched = await launchBrowser()
    if (launched === undefined) {
      this.test?.parent?.eachTest((test) => {
        test.title += ' (there is no chromium here)'
      })
      this.skip()
    }
    browser = launched
    mkdirSync(PICTURES, { recursive: true })
    folder = await temporaryFolder()
    const env = environmentOf(folder.path, { TMPDIR: folder.path })
    demo = new TestProcess('npm', ['run', '-s', 'demo', '--', '--web'], { env, detached: true })
    await Promise.race([demo.output.until((text) => text.split('\n').length === 4), demo.ended])
    link = /^both +(\S+)$/m.exec(demo.output.text)?.[1] ?? ''
    page = await (await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en-GB' })).newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error.stack)))
    await page.goto(link)
    alice = page.frameLocator('iframe[title^=alice]')
    bob = page.frameLocator('iframe[title^=bob]')
    await alice.locator('textarea').waitFor({ timeout: SOON_MS })
  })
  after(async () => {
    await browser?.close()
    demo?.signalGroup('SIGINT')
    await demo?.ended
    await demo?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  async function write(text: string): Promise<void> {
    await alice.locator('textarea').fill(text)
    await alice.locator('textarea').press('Enter')
  }

  const arrives = (text: string) => bob.locator('.bubble', { hasText: text }).first().waitFor({ timeout: SOON_MS })

  const messages = (what: string) =>
    page.evaluate<string[]>(`document.querySelector('sotto-wire').trace.map((message) => ${what})`)

  const reasons = () => messages("message.fields.find(({ name }) => name === 'the reason')?.value ?? ''")

  it('has the five messages in order once alice has written, and message 4 opens with its fields', async () => {
    await write('Hello Bob')
    await arrives('Hello Bob')
    await alice.locator('.ticks[title=delivered], .ticks[title=read]').first().waitFor({ timeout: SOON_MS })
    expect(
      (await messages("[message.step, message.message, message.from, message.to].join(' ')")).slice(0, 8),
    ).to.deep.equal(FIRST)
    await page.click('sotto-wire .message:has-text("RequestChatResponse")')
    await page.locator('sotto-wire .field', { hasText: 'ticket_hash' }).waitFor({ timeout: SOON_MS })
    await page
      .locator('sotto-wire .recompute p', { hasText: 's, out of the grant' })
      .first()
      .waitFor({ timeout: SOON_MS })
    await page.screenshot({ path: join(PICTURES, 'stage.png') })
  })

  it('really sends what was touched, which is refused with its reason, and the message arrives once', async () => {
    for (const [label, reason, words] of [
      ['Flip a bit', 'ERR_TICKET_FORGED', 'Still there?'],
      ['Send it twice', 'ERR_TICKET_REPLAYED', 'Only once.'],
      ['Swap tickets', 'ERR_DECRYPT', 'Which one?'],
    ] as const) {
      await page.click(`button:has-text("${label}")`)
      await arrives(words)
      while (!(await reasons()).includes(reason));
      const shown = await bob.locator('.bubble', { hasText: words }).count()
      expect(shown, label).to.equal(1)
    }
  })

  it('has each message wait for "next" in step mode, in the order of the protocol', async () => {
    await page.click('text=Each message waits')
    await page.locator('.says', { hasText: 'Write something' }).waitFor({ timeout: SOON_MS })
    await write('one step at a time')
    for (const waiting of [
      'RequestChatRequest, alice to directory',
      'RequestChatResponse, directory to alice',
      'Hello, alice to bob',
      'Welcome, bob to alice',
      'a record of',
    ]) {
      await page.locator('.says', { hasText: `Waiting: ${waiting}` }).waitFor({ timeout: SOON_MS })
      expect(await bob.locator('.bubble', { hasText: 'one step at a time' }).count(), waiting).to.equal(0)
      await page.click('button:has-text("Next")')
    }
    await page.click('text=Each message waits')
    await arrives('one step at a time')
  })

  it('has nothing that keeps people out, on a large screen and on a small one', async () => {
    await page.evaluate(AXE)
    for (const width of [1200, 360]) {
      await page.setViewportSize({ width, height: 900 })
      const violations = await page.evaluate<string[]>(
        `axe.run({ iframes: false }).then(({ violations }) => violations.map(({ id, impact, nodes }) => impact + ' ' + id + ': ' + nodes[0].html))`,
      )
      expect(
        violations.filter((each) => /^(serious|critical)/.test(each)),
        `${width}`,
      ).to.deep.equal([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width}`).to.equal(true)
    }
  })

  it('lets in one browser, and nobody without its bearer', async () => {
    const { origin } = new URL(link)
    const ask = (authorization: string) =>
      fetch(`${origin}/stage/flip`, {
        method: 'POST',
        headers: { authorization, origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-sotto-demo' },
      })
    expect((await ask(`Bearer ${'A'.repeat(43)}`)).status).to.equal(401)
    const another = await (
      await browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB' })
    ).newPage()
    await another.goto(link)
    await another.locator('.cover', { hasText: 'let in another browser' }).waitFor({ timeout: SOON_MS })
    await another.close()
  })

  it('gave the browser nothing to complain of', () => {
    expect(complaints).to.deep.equal([])
  })
})
