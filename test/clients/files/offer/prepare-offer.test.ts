import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { FileEntryType } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent } from '#lib/delivery/event.ts'
import { MAX_EVENT_BYTES, MAX_MANIFEST_BYTES, MAX_PATH_NAME_BYTES } from '#lib/delivery/limits.ts'
import { announced, manifestOf, withEntries } from '#lib/delivery/manifest.ts'
import { prepareOffer } from '../../../../clients/files/offer/prepare-offer.ts'
import { rejection } from '../../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

const { signal } = new AbortController()
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex')

describe('prepareOffer', () => {
  let temporary: TemporaryFolder
  let home: string
  beforeEach(async () => {
    temporary = await temporaryFolder()
    home = await realpath(temporary.path)
  })
  afterEach(() => temporary[Symbol.asyncDispose]())

  /** Make a file or, with a slash at its end, a folder. */
  async function make(path: string, content = ''): Promise<string> {
    const at = join(home, path)
    if (path.endsWith('/')) await mkdir(at, { recursive: true })
    else {
      await mkdir(join(at, '..'), { recursive: true })
      await writeFile(at, content)
    }
    return at
  }

  const paths = async (path: string) => {
    const { offer } = await prepareOffer(path, { signal })
    return offer.entries.map((entry) => entry.path.toString() + (entry.type === FileEntryType.FOLDER ? '/' : ''))
  }

  it('offers a file under its name', async () => {
    const at = await make('report.pdf', 'hello')
    const { offer, path, skipped } = await prepareOffer(at, { signal })
    expect(path).to.equal(at)
    expect(skipped).to.deep.equal([])
    expect(offer.entries).to.have.length(1)
    const [entry] = offer.entries
    expect(entry).to.deep.include({ size: 5n, type: FileEntryType.FILE })
    expect(entry?.path.toString()).to.equal('report.pdf')
    expect(entry?.sha256.toString('hex')).to.equal(sha256('hello'))
  })

  it('does not take an empty path for the current folder', async () => {
    expect(await rejection(prepareOffer('', { signal }))).to.include({ code: 'ERR_INVALID_FILE' })
  })

  it('says of a name that is not there in UTF-8 that it may be there in another way', async () => {
    const error = await rejection(prepareOffer(join(home, 'na\uFFFDve.txt'), { signal }))
    expect(error.code).to.equal('ERR_INVALID_FILE')
    expect(error.message).to.include('UTF-8')
  })

  it('offers an empty file, and one that may be run', async () => {
    const at = await make('run')
    await chmod(at, 0o755)
    const [entry] = (await prepareOffer(at, { signal })).offer.entries
    expect(entry).to.deep.include({ size: 0n, type: FileEntryType.EXECUTABLE })
    expect(entry?.sha256.toString('hex')).to.equal(sha256(''))
  })

  it('walks a folder whole, in the order of bytes, with the folders that are empty', async () => {
    for (const file of ['all/b', 'all/a/z', 'all/a/y', 'all/A', 'all/ä']) await make(file, file)
    for (const folder of ['all/c/', 'all/a/0/1/']) await make(folder)
    const expected = ['all/A', 'all/a/0/1/', 'all/a/y', 'all/a/z', 'all/b', 'all/c/', 'all/ä']
    expect(await paths(join(home, 'all'))).to.deep.equal(expected)
    expect(await paths(join(home, 'all', '.', 'a', '..'))).to.deep.equal(expected)
    expect(await paths(join(home, 'all', 'c'))).to.deep.equal(['c/'])
  })

  it('makes offers that an event takes', async () => {
    await make('all/a', 'a')
    await make('all/b/')
    const { offer } = await prepareOffer(join(home, 'all'), { signal })
    const kind = { $case: 'fileOffer', value: offer } as const
    expect(encodeFileEvent({ eventId: Buffer.alloc(16), writtenAt: new Date(), kind })).to.not.be.empty
  })

  it('names links and special files, and follows none of them', async () => {
    await make('all/real', 'real')
    await make('secret', 'secret')
    await symlink(join(home, 'secret'), join(home, 'all', 'link'))
    await symlink('..', join(home, 'all', 'loop'))
    const server = createServer().listen(join(home, 'all', 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    try {
      const { offer, skipped } = await prepareOffer(join(home, 'all'), { signal })
      expect(offer.entries.map(({ path }) => path.toString())).to.deep.equal(['all/real'])
      expect(skipped).to.deep.equal(['link', 'loop', 'socket'].map((name) => join(home, 'all', name)))
    } finally {
      server.close()
    }
  })

  it('follows a link that the user names, and offers it under its name', async () => {
    const at = await make('deep/file', 'content')
    await symlink(at, join(home, 'latest'))
    const { offer, path } = await prepareOffer(join(home, 'latest'), { signal })
    expect(path).to.equal(at)
    expect(offer.entries[0]?.path.toString()).to.equal('latest')
  })

  it('refuses what is not there, and what is neither file nor folder, with its path', async () => {
    const missing = await rejection(prepareOffer(join(home, 'missing\u001b'), { signal }))
    expect(missing.code).to.equal('ERR_INVALID_FILE')
    expect(missing.message).to.include('missing\\e is not there')
    expect((await rejection(prepareOffer('/dev/null', { signal }))).code).to.equal('ERR_INVALID_FILE')
    const root = await rejection(prepareOffer('/', { signal }))
    expect(root.code).to.equal('ERR_INVALID_FILE')
    expect(root.message).to.include('/ has no name')
  })

  it('refuses a file that may not be read', async function () {
    if (process.getuid?.() === 0) this.skip()
    await chmod(await make('all/closed', 'x'), 0)
    const refused = await rejection(prepareOffer(join(home, 'all'), { signal }))
    expect(refused.code).to.equal('ERR_INVALID_FILE')
    expect(refused.message).to.include('all/closed may not be read')
  })

  it('offers what the user names under a name that is safe', async () => {
    const names = {
      'exe.\u202etxt': 'exe._txt',
      'pay\u200broll': 'pay_roll',
      'line\nfeed': 'line_feed',
      'tail. .': 'tail_',
    }
    for (const [name, safe] of Object.entries(names)) expect(await paths(await make(name))).to.deep.equal([safe])
    await make('fol\u2028der/a')
    expect(await paths(join(home, 'fol\u2028der'))).to.deep.equal(['fol_der/a'])
  })

  it('refuses names that no offer may have', async () => {
    expect((await rejection(prepareOffer(await make('back\\slash'), { signal }))).code).to.equal('ERR_INVALID_FILE')
    for (const name of ['back\\slash', 'line\nfeed', 'over\u202eride']) {
      const refused = await rejection(prepareOffer(dirname(await make(join(`of ${name.length}`, name))), { signal }))
      expect(refused.code, name).to.equal('ERR_INVALID_FILE')
    }
    await writeFile(Buffer.concat([Buffer.from(await make('all/')), Buffer.from([0xff])]), '')
    expect((await rejection(prepareOffer(join(home, 'all'), { signal }))).code).to.equal('ERR_INVALID_FILE')
  })

  it('refuses a path that is too long for an offer', async () => {
    const name = 'n'.repeat(MAX_PATH_NAME_BYTES)
    await make(join('all', name, name, name, 'short'))
    expect(await paths(join(home, 'all'))).to.have.length(1)
    await make(join('all', name, name, name, name))
    expect((await rejection(prepareOffer(join(home, 'all'), { signal }))).code).to.equal('ERR_INVALID_FILE')
  })

  it('offers more files than an event has room for by a manifest', async () => {
    const name = 'n'.repeat(MAX_PATH_NAME_BYTES)
    const folder = await make(join('all', name, name, name, '/'))
    const count = Math.ceil(MAX_EVENT_BYTES / (3 * MAX_PATH_NAME_BYTES))
    for (let index = 0; index < count; index += 1) writeFileSync(join(folder, `${index}`), 'x')
    const { offer } = await prepareOffer(join(home, 'all'), { signal })
    expect(offer.manifest).to.include({ files: count, contentSize: BigInt(count) })
    expect(offer.manifest?.name.toString()).to.equal('all')
    expect(withEntries(announced(offer), manifestOf(offer))).to.deep.equal(offer)
  })

  it('refuses more files than a manifest has room for, before it reads one', async () => {
    const name = 'n'.repeat(MAX_PATH_NAME_BYTES)
    const folder = await make(join('all', name, name, name, '/'))
    const count = Math.ceil(MAX_MANIFEST_BYTES / (3 * MAX_PATH_NAME_BYTES))
    for (let index = 0; index < count; index += 1) writeFileSync(join(folder, `${index}`), '')
    let isHashing = false
    const onHashed = () => {
      isHashing = true
    }
    const refused = await rejection(prepareOffer(join(home, 'all'), { signal, onHashed }))
    expect(refused.code).to.equal('ERR_MESSAGE_TOO_LARGE')
    expect(refused.hint).to.include('archive')
    expect(isHashing).to.equal(false)
  })

  it('refuses a file that changes while it is read', async () => {
    const changes = [
      (at: string) => appendFileSync(at, 'x'),
      (at: string) => truncateSync(at, 0),
      (at: string) => writeFileSync(at, 'y'.repeat(3_000_000)),
    ]
    for (const [index, change] of changes.entries()) {
      const at = await make(`file${index}`, 'x'.repeat(3_000_000))
      // Some file systems count time in steps of milliseconds.
      utimesSync(at, 0, 0)
      const onHashed = (hashed: number) => {
        if (hashed === 1_048_576) change(at)
      }
      expect((await rejection(prepareOffer(at, { signal, onHashed }))).code).to.equal('ERR_INVALID_FILE')
    }
  })

  for (const at of ['/proc/cpuinfo', '/proc/self/status', '/sys/kernel/mm/transparent_hugepage/enabled']) {
    it(`refuses what holds more or less than its size says: ${at}`, async function () {
      if (!existsSync(at)) this.skip()
      const error = await rejection(prepareOffer(at, { signal }))
      expect(error).to.include({ code: 'ERR_INVALID_FILE' })
      expect(error.message).to.match(/ holds more or less than its size says$/)
    })
  }

  it('tells how far it has come, and stops when it is told to', async () => {
    await make('all/a', 'x'.repeat(1_500_000))
    await make('all/b', 'x'.repeat(500))
    const told: [number, number][] = []
    await prepareOffer(join(home, 'all'), { signal, onHashed: (...progress) => told.push(progress) })
    const total = 1_500_500
    expect(told).to.deep.equal([
      [0, total],
      [1_048_576, total],
      [1_500_000, total],
      [total, total],
    ])
    const stop = new AbortController()
    const stopping = prepareOffer(join(home, 'all'), {
      signal: stop.signal,
      onHashed: () => stop.abort(new Error('x')),
    })
    let reason: unknown
    await stopping.catch((thrown: unknown) => {
      reason = thrown
    })
    expect(reason).to.have.property('message', 'x')
  })
})
