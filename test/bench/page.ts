/** The page of `sotto web` in a browser: its size, how soon it can be used, how soon a text is at the other, its memory. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, launchBrowser, type Page } from '../support/browser.ts'
import { fillHistory } from '../support/history.ts'
import { TestProcess } from '../support/processes.ts'
import { signUp, startServices } from './actors/people.ts'
import { sottoCommand, sottoEnvironment } from './actors/sotto.ts'
import type { Bench, Case, Context } from './framework/bench.ts'
import { quantile } from './framework/statistics.ts'
import { canLookAtProcesses, residentMegabytes } from './references/memory.ts'

/** How many texts a sample has, and how long the long conversation is. */
const [TEXTS, MESSAGES] = [40, 100_000]

/** How many screens are scrolled before memory is read, and by how many pixels each. */
const [SCREENS, SCREEN_PX] = [30, 2_000]

const VIEW = { viewport: { width: 1_100, height: 720 }, locale: 'en-GB' }

const [EMPTY, OWN] = ['a page with one sentence, from a bare server', 'one’s own page, median']

/** Notes when the page shows the first of each, in milliseconds from the beginning of its navigation. */
const NOTE_FIRSTS = `
  window.firsts = {}
  new MutationObserver(() => {
    for (const selector of ['.me', '.message']) {
      if (!(selector in window.firsts) && document.querySelector(selector)) window.firsts[selector] = performance.now()
    }
  }).observe(document, { childList: true, subtree: true })`

/** Notes when a key is pressed, and when each text is shown, in milliseconds on the clock of the machine. */
const NOTE_TEXTS = `
  window.pressed = 0
  window.shown = new Map()
  addEventListener('keydown', (event) => { window.pressed = performance.timeOrigin + event.timeStamp }, true)
  new MutationObserver(() => {
    const last = [...document.querySelectorAll('.bubble')].at(-1)?.textContent.trim()
    if (last && !window.shown.has(last)) window.shown.set(last, performance.timeOrigin + performance.now())
  }).observe(document, { childList: true, subtree: true })`

export const page: Bench = {
  name: 'page',
  work: `The page of sotto web in Debian’s chromium, on disk: opened in a browser that has nothing of it; a text from the key that is pressed to the other’s page; memory with ${MESSAGES.toLocaleString('en')} messages, ${SCREENS} screens of them scrolled`,
  async prepare(context) {
    const browser = await launchBrowser('--enable-precise-memory-info')
    if (browser === undefined) {
      context.leaveOut('chromium is not installed')
      return []
    }
    context.resources.defer(() => browser.close())
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    for (const name of ['page-alice', 'page-bob', 'page-carol', 'page-dora']) await signUp(services, home, name)
    const alice = await startWeb(context, home, 'page-alice', 'page-bob')
    const bob = await startWeb(context, home, 'page-bob', 'page-alice')
    const [from, to] = [await openPage(browser, alice.link), await openPage(browser, bob.link)]
    const texts = context.amount(TEXTS)
    await textDelays(from, to, 3)
    return [
      {
        rows: [
          { case: 'what is loaded, gzip', unit: 'KB', bar: { atMost: 150 } },
          { case: 'until it can be used', unit: 'ms', against: [{ to: EMPTY }], bar: { atMost: 500 } },
          { case: 'until it shows the conversation', unit: 'ms', against: [{ to: EMPTY }] },
        ],
        measure: () => loadOnce(browser, home),
      },
      await emptyPage(context, browser),
      {
        rows: [
          { case: 'key to the other’s page, median', unit: 'ms', against: [{ to: OWN }] },
          { case: 'key to the other’s page, 99 %', unit: 'ms' },
          { case: OWN, unit: 'ms' },
        ],
        async measure() {
          const { own, other } = await textDelays(from, to, texts)
          return [quantile(other, 0.5), quantile(other, 0.99), quantile(own, 0.5)]
        },
      },
      ...(canLookAtProcesses(context) ? await memoryCases(context, browser, home) : []),
    ]
  },
}

interface Served {
  readonly link: string
  readonly pid: number
}

/** Start the client of a page. It ends with the bench. */
async function startWeb({ resources }: Context, home: string, name: string, contact: string): Promise<Served> {
  const args = ['web', contact, '--profile', name, '--listen', '127.0.0.1']
  const client = resources.use(new TestProcess(sottoCommand(), args, { env: sottoEnvironment(home) }))
  await client.output.until((text) => text.includes('/#'))
  return { link: client.output.text.trim(), pid: client.pid }
}

async function openPage(browser: Browser, link: string): Promise<Page> {
  const opened = await (await browser.newContext(VIEW)).newPage()
  await opened.addInitScript(NOTE_TEXTS)
  await opened.goto(link)
  await opened.waitForSelector('textarea')
  return opened
}

/** Open alice's page in a browser that has nothing of it. */
async function loadOnce(browser: Browser, home: string): Promise<readonly number[]> {
  const again = new TestProcess(sottoCommand(), ['web', 'page-bob', '--profile', 'page-alice'], {
    env: sottoEnvironment(home),
  })
  await again.ended
  const context = await browser.newContext(VIEW)
  const opened = await context.newPage()
  await opened.addInitScript(NOTE_FIRSTS)
  await opened.goto(again.output.text.trim())
  await opened.waitForSelector('.message')
  const [bytes, ...firsts] = await opened.evaluate<number[]>(`[
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter(({ name }) => !name.includes('AgentService')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    window.firsts['.me'], window.firsts['.message']]`)
  await context.close()
  return [(bytes ?? 0) / 1_000, ...firsts]
}

/** What opening any page takes here. */
async function emptyPage({ resources }: Context, browser: Browser): Promise<Case> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>empty</title><p class="me">Hello</p>')
  }).listen(0, '127.0.0.1')
  resources.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    rows: [{ case: EMPTY, unit: 'ms' }],
    async measure() {
      const context = await browser.newContext(VIEW)
      const opened = await context.newPage()
      await opened.addInitScript(NOTE_FIRSTS)
      await opened.goto(url)
      const tookMs = await opened.evaluate<number>("window.firsts['.me']")
      await context.close()
      return [tookMs]
    },
  }
}

let said = 0

/** Say texts one after the other. @returns how long each took to one's own page and to the other's, in milliseconds. */
async function textDelays(from: Page, to: Page, count: number) {
  const [own, other]: [number[], number[]] = [[], []]
  for (let number = 0; number < count; number += 1) {
    said += 1
    const text = `text ${said}`
    await from.fill('textarea', text)
    await from.press('textarea', 'Enter')
    const shownAt = (at: Page) =>
      at.evaluate<number>(`new Promise((resolve) => {
        const look = () => window.shown.has('${text}') ? resolve(window.shown.get('${text}')) : setTimeout(look, 1)
        look()
      })`)
    const [theirs, ours] = await Promise.all([shownAt(to), shownAt(from)])
    const pressed = await from.evaluate<number>('window.pressed')
    other.push(theirs - pressed)
    own.push(ours - pressed)
  }
  return { own, other }
}

/** A page with a long conversation, and one with none. */
async function memoryCases(context: Context, browser: Browser, home: string): Promise<Case[]> {
  const messages = context.amount(MESSAGES)
  const label = `${messages.toLocaleString('en')} messages`
  context.note(`filling a history of ${label}`)
  await fillHistory(home, 'page-carol', messages, 1)
  const memoryCase = async (name: string, with_: string, against: boolean): Promise<Case> => {
    const client = await startWeb(context, home, name, 'contact0')
    const opened = await openPage(browser, client.link)
    const rowOf = (what: string) => ({
      case: `memory of ${what}, ${with_}`,
      unit: 'MB' as const,
      ...(against && { against: [{ to: `memory of ${what}, no messages` }] }),
    })
    return {
      rows: [rowOf('the page'), rowOf('its client')],
      async measure() {
        for (let screen = 0; screen < SCREENS; screen += 1) {
          await opened.evaluate(`document.querySelector('sotto-transcript').scrollBy(0, -${SCREEN_PX})`)
          await opened.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
        }
        const bytes = await opened.evaluate<number>('performance.memory.usedJSHeapSize')
        return [bytes / 1e6, await residentMegabytes(client.pid)]
      },
    }
  }
  return [await memoryCase('page-carol', label, true), await memoryCase('page-dora', 'no messages', false)]
}
