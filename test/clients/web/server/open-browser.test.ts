import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { expect } from 'chai'
import { openBrowser, removeLeftFiles } from '../../../../clients/web/server/open-browser.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const LINK = 'http://127.0.0.1:8000/#secret'

describe('openBrowser', () => {
  let folder: TemporaryFolder
  const { PATH } = process.env
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => {
    process.env['PATH'] = PATH
    return folder[Symbol.asyncDispose]()
  })

  it('names the browser a file of its user alone, and no link, and removes the file', async () => {
    const told = join(folder.path, 'told')
    for (const name of ['xdg-open', 'open']) {
      await writeFile(join(folder.path, name), `#!/bin/sh\necho "$@" > ${told}.new; mv ${told}.new ${told}\n`, {
        mode: 0o755,
      })
    }
    process.env['PATH'] = `${folder.path}${delimiter}${PATH}`
    const opened = await openBrowser(folder.path, LINK, () => {})
    while (!existsSync(told)) await new Promise((resolve) => setImmediate(resolve))
    const path = (await readFile(told, 'utf8')).trim()
    expect(path).to.match(/open-\d+-[0-9a-f]{12}\.html$/)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect(await readFile(path, 'utf8')).to.include(LINK)
    opened.remove()
    expect(existsSync(path)).to.equal(false)
  })

  it('says so where there is nothing that opens it', async () => {
    process.env['PATH'] = folder.path
    const failed = Promise.withResolvers<void>()
    const opened = await openBrowser(folder.path, LINK, failed.resolve)
    await failed.promise
    opened.remove()
  })

  it('says so, and removes the file, where what opens it finds no browser', async () => {
    for (const name of ['xdg-open', 'open']) {
      await writeFile(join(folder.path, name), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
    }
    process.env['PATH'] = `${folder.path}${delimiter}${PATH}`
    const failed = Promise.withResolvers<void>()
    const opened = await openBrowser(folder.path, LINK, failed.resolve)
    await failed.promise
    expect(opened.removed.aborted).to.equal(true)
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.html'))).to.deep.equal([])
  })
})

describe('removeLeftFiles', () => {
  it('removes what a killed process has left, and nothing that a browser may be reading', async () => {
    await using folder = await temporaryFolder()
    const { pid: gone } = spawnSync('true')
    const [killed, old, open, other] = [
      `open-${gone}-0123456789ab.html`,
      // Its process is another by now.
      `open-${process.pid}-0123456789ab.html`,
      `open-${process.pid}-ba9876543210.html`,
      'open-house.html',
    ]
    const nowMs = Date.now()
    for (const name of [killed, old, open, other]) await writeFile(join(folder.path, name), LINK)
    await utimes(join(folder.path, old), nowMs / 1_000 - 3_600, nowMs / 1_000 - 3_600)
    await removeLeftFiles(folder.path, nowMs)
    expect(await readdir(folder.path)).to.have.members([open, other])
  })
})
