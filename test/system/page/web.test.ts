/** Two people on two pages, in a real browser: Debian's chromium, where there is one. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { SottoError } from '#lib/errors.ts'
import { pinByLetter } from '../../../clients/profile/pins.ts'
import { setReceipts } from '../../../clients/profile/settings.ts'
import { readTrace } from '../../../clients/web/wire/trace-file.ts'
import { AgentClient } from '../../support/agent-client.ts'
import { type Browser, launchBrowser, type Page } from '../../support/browser.ts'
import { Deployment } from '../../support/deployment.ts'
import { ROOT } from '../../support/environment.ts'
import { fillHistory, ONCE_IN, RARE_WORD } from '../../support/history.ts'
import { hostileMarkup, hostileText } from '../../support/hostile-text.ts'
import type { TestProcess } from '../../support/processes.ts'

/** Where pictures are kept for whoever wants to look. */
const PICTURES = join(ROOT, 'node_modules', '.cache', 'pictures')

const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8')

/** How long what happens at the other page may take, in milliseconds. */
const SOON_MS = 30_000

/** How many messages a diagram shows, in a page of its own or in an element's own tree. */
const COUNT_MESSAGES = `(document.querySelector('sotto-wire')?.shadowRoot ?? document).querySelectorAll('.message').length`

/** How many messages are on the page at most, of however many. */
const MOST_ON_PAGE = 300

/** A picture of one pixel. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Texts that would be markup, scripts, links or a mess, were they not texts. */
const HOSTILE = [
  '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>',
  '</div></article><h1>out</h1><style>*{display:none}</style>',
  'javascript:window.pwned=1 data:text/html,<script>window.pwned=1</script>',
  '$'.concat('{window.pwned=1} {{window.pwned=1}} <!--?lit$0$--> <?lit$1$?>'),
  `Z${'\u0300'.repeat(500)}algo`,
  '\u202E\u2066right to left\u202D override',
  'x'.repeat(5_000),
  `\`\`\`html\n<script>window.pwned=1</script>\n\`\`\``,
  'http://127.0.0.1:9/"onmouseover="window.pwned=1 https://[::1',
  '\u0000\u0007\u001b[2J\u001b]0;title\u0007',
]

describe('the page in a browser', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let browser: Browser
  const clients = new Map<string, TestProcess>()
  const pages = new Map<string, Page>()
  /** What the browser complained of, and what it asked for that was not of the page. */
  const complaints: string[] = []
  let isExpectingLoss = false

  before(async function () {
    const launched = await launchBrowser('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream')
    if (launched === undefined) {
      this.test?.parent?.eachTest((test) => {
        test.title += ' (there is no chromium here)'
      })
      this.skip()
    }
    browser = launched
    mkdirSync(PICTURES, { recursive: true })
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    for (const name of ['alice', 'bob']) {
      await setReceipts(await deployment.profile(name), true)
      const link = await serve(name)
      const context = await browser.newContext({ viewport: { width: 1100, height: 720 }, locale: 'en-GB' })
      const page = await context.newPage()
      const origin = new URL(link).origin
      page.on('console', (message) => {
        if (message.type() !== 'log' && !isExpectingLoss) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error.stack)))
      page.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith(`${origin}/`) && !url.startsWith('blob:')) complaints.push(`it asked for ${url}`)
      })
      await page.goto(link)
      await page.waitForSelector('.me', { timeout: SOON_MS })
      pages.set(name, page)
    }
  })
  after(async () => {
    await browser?.close()
    await deployment?.[Symbol.asyncDispose]()
  })

  /** Start the page's client. @returns its link. */
  async function serve(name: string): Promise<string> {
    const client = deployment.sotto([
      ...['web', '--profile', name, '--listen', '127.0.0.1', '--downloads', join(deployment.home.path, `from-${name}`)],
    ])
    clients.set(name, client)
    await Promise.race([client.output.until((text) => text.includes('/#')), client.ended])
    if (!client.output.text.includes('/#')) throw new SottoError('ERR_INTERNAL', client.errors.text)
    return client.output.text.trim()
  }

  function pageOf(name: string): Page {
    const page = pages.get(name)
    if (page === undefined) throw new Error(`${name} has no page`)
    return page
  }

  async function write(from: string, text: string): Promise<void> {
    await pageOf(from).fill('textarea', text)
    await pageOf(from).press('textarea', 'Enter')
  }

  async function expectAccessible(page: Page, what: string): Promise<void> {
    // The page forbids scripts that are not its own; the debugger may.
    await page.evaluate(AXE)
    const violations = await page.evaluate<string[]>(
      `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => impact + ' ' + id + ': ' + nodes[0].html))`,
    )
    expect(
      violations.filter((each) => /^(serious|critical)/.test(each)),
      what,
    ).to.deep.equal([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), what).to.equal(true)
  }

  /** Save what the wire view shows in each form, and have each shown again. */
  async function expectSavedWhole(page: Page): Promise<void> {
    const shown = await page.evaluate<number>("document.querySelector('sotto-wire').trace.length")
    const saved = new Map<string, Buffer>()
    for (const form of ['SVG', 'JSON', 'HTML']) {
      const download = page.waitForEvent('download', { timeout: SOON_MS })
      await page.click(`sotto-wire button:has-text("Save ${form}")`)
      saved.set(form, readFileSync(await (await download).path()))
    }
    const opened = await (
      await browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB' })
    ).newPage()
    opened.on('pageerror', (error) => complaints.push(String(error.stack)))
    opened.on('request', (request) => {
      if (!/^(file|blob):/.test(request.url())) complaints.push(`a saved file asked for ${request.url()}`)
    })
    for (const [form, name] of [
      ['HTML', 'saved.html'],
      ['SVG', 'saved.svg'],
    ] as const) {
      const path = join(deployment.home.path, name)
      writeFileSync(path, saved.get(form) ?? '')
      await opened.goto(`file://${path}`)
      await opened.locator('.message').first().waitFor({ timeout: SOON_MS })
      expect(await opened.evaluate(COUNT_MESSAGES), form).to.equal(shown)
    }
    await opened.close()
    const file = { name: 'trace.jsonl', mimeType: 'application/jsonl', buffer: saved.get('JSON') ?? Buffer.alloc(0) }
    await page.setInputFiles('sotto-wire input[type=file]', file)
    await page.click('sotto-wire button:has-text("Close the file")', { timeout: SOON_MS })
    expect(readTrace(file.buffer.toString())).to.have.length(shown)
  }

  const shows = (name: string, text: string) =>
    pageOf(name).locator('.bubble', { hasText: text }).first().waitFor({ timeout: SOON_MS })

  it('finds somebody by their name, writes, and shows what comes back', async () => {
    const alice = pageOf('alice')
    const bob = pageOf('bob')
    await alice.fill('input[type=search]', 'bo')
    await alice.click('nav a:has-text("bob")')
    await write('alice', 'Hello Bob, are you there?')
    await bob.click('nav a:has-text("alice")', { timeout: SOON_MS })
    await shows('bob', 'Hello Bob, are you there?')
    await alice.locator('.ticks.read').first().waitFor({ timeout: SOON_MS })
    await bob.type('textarea', 'I am')
    await alice.locator('header .state', { hasText: 'writing' }).waitFor({ timeout: SOON_MS })
    await write('bob', 'I am! Two lines:\nthis is the second')
    await shows('alice', 'this is the second')
    // What is shown is read, and counts no longer.
    while ((await alice.title()) !== 'alice · Sotto');
  })

  it('sends a file by its button, which the other accepts', async () => {
    const content = Buffer.alloc(2_500_000, 7)
    await pageOf('alice').setInputFiles('input[type=file]', {
      name: 'report.pdf',
      mimeType: 'application/pdf',
      buffer: content,
    })
    await pageOf('bob').click('.actions .primary', { timeout: SOON_MS })
    await pageOf('bob').locator('.detail', { hasText: 'saved in from-bob' }).waitFor({ timeout: SOON_MS })
    await pageOf('alice').locator('.detail', { hasText: 'received' }).waitFor({ timeout: SOON_MS })
    expect(readFileSync(join(deployment.home.path, 'from-bob', 'report.pdf')).equals(content)).to.equal(true)
    // What came from the browser has gone.
    const uploads = join(deployment.home.path, 'profiles', 'alice', 'uploads')
    while (execFileSync('ls', ['-A', uploads], { encoding: 'utf8' }) !== '')
      await new Promise((resolve) => setImmediate(resolve))
  })

  it('shows a picture in place once it is here, and nothing else that has the name of one', async () => {
    const send = (name: string, buffer: Buffer) =>
      pageOf('alice').setInputFiles('input[type=file]', { name, mimeType: 'image/png', buffer })
    await send(
      'drawing.png',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>window.pwned=1</script></svg>'),
    )
    await pageOf('bob').click('.actions .primary', { timeout: SOON_MS })
    await pageOf('bob').locator('.detail', { hasText: '77 bytes, saved in' }).waitFor({ timeout: SOON_MS })
    await send('dot.png', DOT)
    await pageOf('bob').click('.actions .primary', { timeout: SOON_MS })
    await pageOf('bob').locator('img.picture').first().waitFor({ timeout: SOON_MS })
    const names = await pageOf('bob').evaluate("[...document.querySelectorAll('.picture')].map(({ alt }) => alt)")
    expect(names).to.deep.equal(['dot.png'])
  })

  it('reads the code of the other with the camera, where the browser can', async () => {
    // Chromium has no detector on Linux: there is no button, and a stand-in takes its place. The camera is Chromium's own.
    await pageOf('bob').click('button.key')
    await pageOf('bob').locator('.digits').first().waitFor({ timeout: SOON_MS })
    expect(await pageOf('bob').locator('button.scan').count()).to.equal(0)
    await pageOf('bob').press('dialog', 'Escape')
    using agent = AgentClient.of(deployment.home, 'bob')
    const [number] = (await agent.call('getSafetyNumber', { contact: 'alice' })).numbers
    const again = await deployment.run(['web', '--profile', 'alice'])
    const tab = await pageOf('alice').context().newPage()
    await tab.addInitScript(`
      window.codes = []
      window.BarcodeDetector = class {
        static getSupportedFormats = async () => ['qr_code']
        detect = async (video) => (video.videoWidth > 0 ? window.codes.map((rawValue) => ({ rawValue })) : [])
      }`)
    await tab.goto(again.output.trim())
    await tab.click('nav a:has-text("bob")', { timeout: SOON_MS })
    const scan = async (codes: readonly (string | undefined)[]) => {
      await tab.evaluate(`window.codes = ${JSON.stringify(codes)}`)
      await tab.click('button.scan', { timeout: SOON_MS })
    }
    await tab.click('button.key')
    await scan(['https://example.org/', `SOTTO1:${'0'.repeat(256)}`])
    await tab.locator('dialog .alarm', { hasText: 'the keys differ' }).waitFor({ timeout: SOON_MS })
    await scan([number?.qrText])
    await tab.locator('dialog[open]').waitFor({ state: 'detached', timeout: SOON_MS })
    await tab.locator('button.key.verified').waitFor({ timeout: SOON_MS })
    await tab.close()
  })

  it('compares keys, with the same digits on both pages', async () => {
    const digits: string[] = []
    for (const name of ['alice', 'bob']) {
      await pageOf(name).click('button.key')
      await pageOf(name).waitForSelector('dialog[open]')
      digits.push(await pageOf(name).locator('.digits').innerText())
      await pageOf(name).screenshot({ path: join(PICTURES, `verify-${name}.png`) })
      await pageOf(name).click('dialog footer .primary')
      await pageOf(name).locator('button.key.verified').waitFor({ timeout: SOON_MS })
    }
    expect(digits[0])
      .to.match(/^(\d{5}\s*){12}$/)
      .and.equal(digits[1])
  })

  it('says of a key that letters alone told it, until it is compared', async () => {
    const alice = pageOf('alice')
    await deployment.signUp('zoe')
    const { publicKey } = (await deployment.profile('zoe')).state.identity
    await alice.evaluate("location.hash = '#/zoe'")
    await alice.locator('h1', { hasText: 'zoe' }).waitFor({ timeout: SOON_MS })
    await write('alice', 'are you there?')
    await pinByLetter(await deployment.profile('alice'), 'zoe', publicKey, new Date())
    const row = 'nav a[href="#/zoe"] .provisional'
    await alice.locator(row, { hasText: 'key by letter' }).waitFor({ timeout: SOON_MS })
    const stateText = () => alice.locator('sotto-conversation .state').innerText()
    expect(await stateText()).to.include('key known from letters alone')
    await expectAccessible(alice, 'a key by letter')
    await alice.click('button.key')
    await alice.locator('.note', { hasText: 'their key is known from letters alone' }).waitFor({ timeout: SOON_MS })
    await alice.click('dialog footer .primary')
    await alice.locator(row).waitFor({ state: 'detached', timeout: SOON_MS })
    expect(await stateText()).not.to.include('letters')
    await alice.evaluate("location.hash = '#/bob'")
    await alice.locator('h1', { hasText: 'bob' }).waitFor({ timeout: SOON_MS })
  })

  it('runs, loads and lets out nothing of what hostile people write', async () => {
    for (const text of HOSTILE) await write('bob', text)
    await shows('alice', 'http://127.0.0.1:9/')
    await expectTextsOnly()
  })

  /** Nothing that was written has run, is more than text, or is outside of its bubble. */
  async function expectTextsOnly(): Promise<void> {
    for (const name of ['alice', 'bob']) {
      const page = pageOf(name)
      const escaped = await page.evaluate(`(() => {
        const out = [...document.querySelectorAll('.bubble')].filter((bubble) => {
          const column = bubble.closest('.messages').getBoundingClientRect()
          const box = bubble.getBoundingClientRect()
          return box.left < column.left - 1 || box.right > column.right + 1
        })
        const markup = document.querySelectorAll('.bubble :is(img:not(.picture), script, style, iframe, h1)').length
        return { ran: 'pwned' in window, out: out.length, markup, scrolls: document.documentElement.scrollWidth > innerWidth }
      })()`)
      expect(escaped, name).to.deep.equal({ ran: false, out: 0, markup: 0, scrolls: false })
    }
  }

  it('keeps in their bubbles whatever texts and names there are, a seeded lot of them', async () => {
    const [texts, names] = [
      fc.sample(hostileMarkup, { seed: 13, numRuns: 60 }),
      fc.sample(hostileText, { seed: 13, numRuns: 6 }),
    ]
    using agent = AgentClient.of(deployment.home, 'bob')
    for (const text of texts) if (text !== '') await agent.call('send', { contact: 'alice', text })
    for (const [index, name] of names.entries()) {
      const path = join(
        deployment.home.path,
        `${index}<img src=x onerror=alert(1)> ${name.replaceAll(/[\0/]/g, '').slice(0, 50)}`,
      )
      writeFileSync(path, 'content')
      await agent.call('offerFile', { contact: 'alice', source: { $case: 'path', value: path } })
    }
    await agent.call('send', { contact: 'alice', text: 'the last of the lot' })
    await shows('alice', 'the last of the lot')
    await expectTextsOnly()
  })

  it('blocks, and says so with one button that takes it back', async () => {
    const alice = pageOf('alice')
    await alice.click('button[popovertarget=menu]')
    await alice.click('#menu button:has-text("Block")')
    await alice.click('.warning button:has-text("Unblock")', { timeout: SOON_MS })
    await alice.locator('.warning').waitFor({ state: 'detached', timeout: SOON_MS })
  })

  it('gives back what was not taken to the line of whom it was for, and of nobody else', async () => {
    const alice = pageOf('alice')
    const line = () => alice.evaluate<string>("document.querySelector('textarea').value")
    isExpectingLoss = true
    await alice.route('**/Send', (route) => route.abort())
    await alice.fill('textarea', 'for bob alone')
    // Chromium complains of it by itself, behind the failure of the request.
    const failed = alice.waitForEvent('console', {
      predicate: (message) => message.text().includes('ERR_FAILED'),
      timeout: SOON_MS,
    })
    // In one turn: the call fails when somebody else's conversation is open.
    await alice.evaluate(`(() => {
      document.querySelector('textarea').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
      location.hash = '#/carol'
    })()`)
    await failed
    await alice.unroute('**/Send')
    isExpectingLoss = false
    await alice.locator('textarea[placeholder="Write to carol"]').waitFor({ timeout: SOON_MS })
    expect(await line()).to.equal('')
    await alice.click('nav a:has-text("bob")', { timeout: SOON_MS })
    await alice.locator('textarea[placeholder="Write to bob"]').waitFor({ timeout: SOON_MS })
    expect(await line()).to.equal('for bob alone')
    await alice.fill('textarea', '')
  })

  it('finds messages, and goes to where they stand', async () => {
    const alice = pageOf('alice')
    await alice.fill('input[type=search]', 'second lines')
    await alice.click('nav a:has-text("Two lines")', { timeout: SOON_MS })
    await alice.locator('.message.marked', { hasText: 'this is the second' }).waitFor({ timeout: SOON_MS })
    await alice.fill('input[type=search]', '')
  })

  it('serves a second tab, which needs no watch of its own', async () => {
    const again = await deployment.run(['web', '--profile', 'alice'])
    const tab = await pageOf('alice').context().newPage()
    await tab.goto(again.output.trim())
    await tab.click('nav a:has-text("bob")', { timeout: SOON_MS })
    await write('bob', 'to both tabs')
    for (const page of [tab, pageOf('alice')]) {
      await page.locator('nav .last', { hasText: 'to both tabs' }).waitFor({ timeout: SOON_MS })
    }
    await tab.close()
  })

  it('shows the messages of the protocol as they pass, with their fields, in each tab that asks', async () => {
    const again = await deployment.run(['web', '--profile', 'alice'])
    const alice = pageOf('alice')
    const tab = await alice.context().newPage()
    await tab.goto(again.output.trim())
    // The one watches for both, and the other asks first.
    for (const page of [tab, alice]) {
      await page.click('.me a', { timeout: SOON_MS })
      await page.waitForSelector('sotto-wire .toolbar', { timeout: SOON_MS })
    }
    while (await alice.evaluate("document.querySelector('sotto-wire').trace.length === 0"))
      await write('bob', 'seen on the wire')
    for (const page of [tab, alice]) {
      await page.locator('sotto-wire .message', { hasText: 'text' }).first().waitFor({ timeout: SOON_MS })
      await page.locator('sotto-wire .field', { hasText: 'record' }).first().waitFor({ timeout: SOON_MS })
      await page.locator('sotto-wire .piece').first().waitFor({ timeout: SOON_MS })
    }
    await tab.close()
    await expectSavedWhole(alice)
    for (const colorScheme of ['light', 'dark'] as const) {
      await alice.emulateMedia({ colorScheme })
      for (const width of [1100, 360]) {
        await alice.setViewportSize({ width, height: 720 })
        await alice.screenshot({ path: join(PICTURES, `wire-${colorScheme}-${width}.png`) })
        await expectAccessible(alice, `wire ${colorScheme} ${width}`)
      }
    }
    await alice.setViewportSize({ width: 1100, height: 720 })
    await alice.reload()
    await alice.waitForSelector('sotto-wire .toolbar', { timeout: SOON_MS })
    await alice.keyboard.press('Escape')
    await alice.click('nav a:has-text("bob")')
    await shows('alice', 'seen on the wire')
  })

  it('comes back by itself after a reload, and after its client was killed and started', async () => {
    const alice = pageOf('alice')
    await alice.reload()
    await shows('alice', 'seen on the wire')
    isExpectingLoss = true
    clients.get('alice')?.signal('SIGKILL')
    await alice.locator('.banner').waitFor({ timeout: SOON_MS })
    await write('bob', 'while you were away')
    await serve('alice')
    await shows('alice', 'while you were away')
    await alice.locator('.banner').waitFor({ state: 'detached', timeout: SOON_MS })
    isExpectingLoss = false
    await write('alice', 'here again')
    await shows('bob', 'here again')
  })

  it('has nothing that keeps people out, in light and dark, and on a small screen', async () => {
    for (const name of ['alice', 'bob']) {
      const page = pageOf(name)
      await page.emulateMedia({ colorScheme: name === 'alice' ? 'light' : 'dark' })
      for (const width of [1100, 360]) {
        await page.setViewportSize({ width, height: 640 })
        await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`) })
        await expectAccessible(page, `${name} ${width}`)
      }
    }
  })

  it('goes by the keyboard alone', async () => {
    const page = pageOf('bob')
    await page.setViewportSize({ width: 1100, height: 720 })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('alice')
    await page.keyboard.press('Enter')
    await page.locator('textarea:focus').waitFor({ timeout: SOON_MS })
    await page.keyboard.type('by hand')
    await page.keyboard.press('Enter')
    await shows('alice', 'by hand')
  })

  it('scrolls and searches 100,000 messages, a window of which is on the page', async () => {
    await deployment.signUp('carol')
    await fillHistory(deployment.home.path, 'carol', 100_000, 1)
    const page = await (await browser.newContext({ viewport: { width: 1100, height: 720 }, locale: 'en-GB' })).newPage()
    page.on('pageerror', (error) => complaints.push(String(error.stack)))
    await page.goto(await serve('carol'))
    await page.click('nav a:has-text("contact0")', { timeout: SOON_MS })
    await page.locator('.message').first().waitFor({ timeout: SOON_MS })
    const onPage = () => page.evaluate<number>("document.querySelectorAll('.message').length")
    const last = await page.evaluate<string>("[...document.querySelectorAll('.message')].at(-1).textContent")
    // Up through a few windows of it: what is far below has gone from the page, and comes again.
    for (let screens = 0; screens < 30; screens += 1) {
      await page.evaluate("document.querySelector('sotto-transcript').scrollBy(0, -2000)")
      await page.evaluate('new Promise(requestAnimationFrame)')
      expect(await onPage()).to.be.below(MOST_ON_PAGE)
    }
    await page.click('.to-end')
    while ((await page.evaluate("[...document.querySelectorAll('.message')].at(-1).textContent")) !== last);
    await page.fill('input[type=search]', RARE_WORD.toLowerCase())
    await page
      .locator('nav h2', { hasText: `The newest of ${100_000 / ONCE_IN} messages` })
      .waitFor({ timeout: SOON_MS })
    await page.click('nav a >> nth=20')
    await page.locator('.message.marked', { hasText: RARE_WORD }).waitFor({ timeout: SOON_MS })
    expect(await onPage()).to.be.below(MOST_ON_PAGE)
    await page.close()
  })

  it('blocks a conversation whose key has changed, with one sentence and one button', async () => {
    isExpectingLoss = true
    const alice = pageOf('alice')
    clients.get('bob')?.signal('SIGTERM')
    await clients.get('bob')?.ended
    await deployment.signIn('bob', { profile: 'bob-anew', replaceIdentityKey: true })
    const receiver = await deployment.receive('bob-anew')
    await write('alice', 'for the bob that I know')
    await alice.locator('.warning', { hasText: 'Another key is said to be bob’s.' }).waitFor({ timeout: SOON_MS })
    expect(await alice.evaluate("document.querySelectorAll('.warning button').length")).to.equal(1)
    await alice.click('.warning button')
    await alice.locator('dialog h2', { hasText: 'The other key, said to be bob’s' }).waitFor({ timeout: SOON_MS })
    await alice.click('dialog button:has-text("This new one agrees")')
    await alice.locator('.warning').waitFor({ state: 'detached', timeout: SOON_MS })
    await write('alice', 'and for the new one')
    await receiver.process.untilStdout('and for the new one\n')
    // What was for the one key does not go to the other.
    expect(receiver.process.output.text).not.to.include('for the bob that I know')
  })

  it('gave the browser nothing to complain of', () => {
    expect(complaints).to.deep.equal([])
  })
})
