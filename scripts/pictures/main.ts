/**
 * `npm run pictures`: the pictures in docs/pictures/ of the page, of the demo's, and of the chat in a terminal, from running
 * demos, in Debian's chromium and tmux.
 *
 * What is on them is what two people would see: nothing is drawn by hand.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, launchBrowser, type Page } from '../../test/support/browser.ts'
import { hasTmux, Tmux } from '../../test/support/tmux.ts'
import { terminalPage } from './terminal.ts'

const FOLDER = 'docs/pictures'

/** How long a screen may take to show what is waited for, the start of the demo included, in milliseconds. */
const TIMEOUT_MS = 60_000

/** What the two say, the first of them first. */
const SAID: readonly (readonly ['alice' | 'bob', string])[] = [
  ['alice', 'Good morning! Did the nightly run go through?'],
  ['bob', 'It did, after I turned the retries on:'],
  ['bob', '```ts\nawait withRetries(3, () => deliver(message))\n```'],
  ['alice', 'Nice. I will write it down for the others.'],
  ['bob', 'The numbers are in the report, see https://example.org/runs/812 for the log.'],
]

const browser = await launchBrowser()
if (browser === undefined) throw new Error('there is no chromium here')
if (!hasTmux()) throw new Error('there is no tmux here')
mkdirSync(FOLDER, { recursive: true })
try {
  await pictureChat(browser)
  await picturePages(browser)
} finally {
  await browser.close()
}

/** The chat of a demo in a terminal, with both of them in it. */
async function pictureChat(browser: Browser): Promise<void> {
  const [columns, rows] = [96, 26]
  const terminal = await Tmux.open(['npm', 'run', '-s', 'demo', '--', '--no-trace'], { columns, rows })
  try {
    const shows = (text: string) => terminal.until((screen) => screen.some((row) => row.includes(text)), TIMEOUT_MS)
    await shows('you are alice')
    let writer = 'alice'
    for (const [name, text] of SAID) {
      if (name !== writer) await terminal.press('C-o')
      if (name !== writer) await shows(`you are ${name}`)
      writer = name
      await terminal.paste(text)
      await terminal.press('Enter')
      await shows(text.split('\n').at(-1)?.slice(0, 30) ?? '')
    }
    if (writer !== 'alice') await terminal.press('C-o')
    await terminal.until((screen) => screen.some((row) => row.includes('you are alice')))
    const page = await (await browser.newContext({ viewport: { width: 960, height: 100 }, locale: 'en-GB' })).newPage()
    await page.setContent(terminalPage(await terminal.styled()))
    await page.screenshot({ path: join(FOLDER, 'chat.png'), fullPage: true })
    await page.close()
  } finally {
    await terminal.press('C-c')
    await terminal.close()
  }
}

/** The pages of a demo, each by itself and both above what passes. */
async function picturePages(browser: Browser): Promise<void> {
  const demo = spawn('npm', ['run', '-s', 'demo', '--', '--web'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  try {
    const pages = new Map<string, Page>()
    for await (const line of createInterface({ input: demo.stdout })) {
      const [name = '', link = ''] = line.split(/ +/)
      const viewport = name === 'both' ? { width: 1260, height: 960 } : { width: 1060, height: 660 }
      const context = await browser.newContext({ viewport, locale: 'en-GB' })
      const page = await context.newPage()
      await page.goto(link)
      await page.waitForSelector(name === 'both' ? 'iframe' : 'textarea')
      pages.set(name, page)
      if (pages.size === 3) break
    }
    const pageOf = (name: string): Page => {
      const page = pages.get(name)
      if (page === undefined) throw new Error(`there is no page of ${name}`)
      return page
    }
    for (const [index, [name, text]] of SAID.entries()) {
      await pageOf(name).fill('textarea', text)
      await pageOf(name).press('textarea', 'Enter')
      const other = pageOf(name === 'alice' ? 'bob' : 'alice')
      await other.locator(`.theirs >> nth=${SAID.slice(0, index).filter(([each]) => each === name).length}`).waitFor()
    }
    const report = { name: 'report.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(2_400_000, 7) }
    await pageOf('bob').setInputFiles('input[type=file]', report)
    await pageOf('alice').click('.actions .primary')
    await pageOf('alice').locator('.detail', { hasText: 'saved in' }).waitFor()
    for (const name of ['alice', 'bob']) {
      await pageOf(name).click('button.key')
      await pageOf(name).waitForSelector('dialog[open]')
      if (name === 'alice') await pageOf(name).screenshot({ path: join(FOLDER, 'compare.png') })
      await pageOf(name).click('dialog footer .primary')
      await pageOf(name).locator('.key.verified').waitFor()
      for (;;) {
        const dismiss = await pageOf(name).evaluate<boolean>(
          "document.querySelector('.notices button')?.click() ?? !document.querySelector('.notices p')",
        )
        if (dismiss) break
      }
    }
    await pageOf('alice').screenshot({ path: join(FOLDER, 'page.png') })
    for (const name of ['alice', 'bob']) {
      const frame = pageOf('both').frameLocator(`iframe[title^=${name}]`)
      await frame.locator('.notices p').first().waitFor({ state: 'detached' })
    }
    await pageOf('both').click('sotto-wire .message:has-text("RequestChatResponse")')
    await pageOf('both').evaluate('scrollTo(0, 0)')
    await pageOf('both').screenshot({ path: join(FOLDER, 'demo.png') })
    await pageOf('bob').emulateMedia({ colorScheme: 'dark' })
    await pageOf('bob').screenshot({ path: join(FOLDER, 'page-dark.png') })
  } finally {
    if (demo.pid !== undefined) process.kill(-demo.pid, 'SIGINT')
    await once(demo, 'close')
  }
}
