/**
 * `npm run pictures`: the pictures of the page in docs/pictures/, from a running demo, in Debian's chromium.
 *
 * What is on them is what two people would see: nothing is drawn by hand.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { launchBrowser, type Page } from '../test/support/browser.ts'

const FOLDER = 'docs/pictures'

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
mkdirSync(FOLDER, { recursive: true })
const demo = spawn('npm', ['run', '-s', 'demo', '--', '--web'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
})
try {
  const pages = new Map<string, Page>()
  for await (const line of createInterface({ input: demo.stdout })) {
    const [name = '', link = ''] = line.split(/ +/)
    if (name === 'both') continue
    const context = await browser.newContext({ viewport: { width: 1060, height: 660 }, locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(link)
    await page.waitForSelector('textarea')
    pages.set(name, page)
    if (pages.size === 2) break
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
  await pageOf('bob').emulateMedia({ colorScheme: 'dark' })
  await pageOf('bob').screenshot({ path: join(FOLDER, 'page-dark.png') })
} finally {
  await browser.close()
  if (demo.pid !== undefined) process.kill(-demo.pid, 'SIGINT')
  await once(demo, 'close')
}
