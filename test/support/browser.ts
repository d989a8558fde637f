/**
 * A real browser: Debian's chromium, driven by playwright-core.
 *
 * Its types know a browser's own, which those of this project's programs do not go with; so what is used of it stands here.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

interface Waiting {
  readonly timeout?: number
  readonly state?: 'attached' | 'detached' | 'visible' | 'hidden'
}

export interface Locator {
  first(): Locator
  waitFor(options?: Waiting): Promise<void>
  innerText(): Promise<string>
  count(): Promise<number>
  fill(text: string): Promise<void>
  press(key: string): Promise<void>
}

/** A page in a frame. */
export interface Frame {
  locator(selector: string, options?: { readonly hasText: string }): Locator
}

export interface Page {
  context(): Context
  /** Run a script in the page before any of its own. */
  addInitScript(script: string): Promise<unknown>
  goto(url: string): Promise<{ status(): number } | null>
  reload(): Promise<unknown>
  close(): Promise<void>
  title(): Promise<string>
  click(selector: string, options?: Waiting): Promise<void>
  fill(selector: string, text: string): Promise<void>
  type(selector: string, text: string): Promise<void>
  press(selector: string, key: string): Promise<void>
  setInputFiles(selector: string, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void>
  locator(selector: string, options?: { readonly hasText: string }): Locator
  waitForSelector(selector: string, options?: Waiting): Promise<unknown>
  frameLocator(selector: string): Frame
  frames(): { url(): string }[]
  waitForEvent(event: 'download', options?: { readonly timeout?: number }): Promise<Download>
  waitForEvent(
    event: 'console',
    options?: { readonly predicate?: (message: { text(): string }) => boolean; readonly timeout?: number },
  ): Promise<unknown>
  /** Answer requests in the place of whoever serves them. */
  route(url: string, handler: (route: { abort(): Promise<void> }) => unknown): Promise<unknown>
  unroute(url: string): Promise<void>
  /** Run a script in the page. @returns what it gives, as JSON can carry it. */
  evaluate<T>(script: string): Promise<T>
  setContent(html: string): Promise<void>
  screenshot(options: { readonly path: string; readonly fullPage?: boolean }): Promise<unknown>
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>
  emulateMedia(options: { readonly colorScheme: 'light' | 'dark' }): Promise<void>
  readonly keyboard: { press(keys: string): Promise<void>; type(text: string): Promise<void> }
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'request', listener: (request: { url(): string }) => void): void
}

interface Download {
  /** The name that it is saved under. */
  suggestedFilename(): string
  /** Where the browser has put it. */
  path(): Promise<string>
}

export interface Context {
  newPage(): Promise<Page>
  close(): Promise<void>
}

export interface Browser {
  newContext(options: {
    readonly viewport: { readonly width: number; readonly height: number }
    readonly locale: string
  }): Promise<Context>
  close(): Promise<void>
}

interface Playwright {
  readonly chromium: {
    launch(options: { readonly executablePath: string; readonly args: readonly string[] }): Promise<Browser>
  }
}

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)

/** Start a browser, with options of its own; undefined where there is none. */
export async function launchBrowser(...args: readonly string[]): Promise<Browser | undefined> {
  if (CHROMIUM === undefined) return undefined
  const { chromium } = createRequire(import.meta.url)('playwright-core') as Playwright
  // Nothing that it opens is a stranger's, and root, as in a container, gets no sandbox.
  return await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] })
}
