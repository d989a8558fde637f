import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { type FileEntry, FileEntryType, FileOffer, FileStatus } from '#gen/sotto/peer/v1/record.ts'
import { encodeFileEvent, parseEvent } from '#lib/delivery/event.ts'
import { checkFileOffer, checkFileStatus, isPath, rootOf, sizeOf } from '#lib/delivery/file-events.ts'
import {
  EVENT_ID_BYTES,
  MAX_OFFER_FOLDERS,
  MAX_PATH_BYTES,
  MAX_PATH_NAME_BYTES,
  SHA256_BYTES,
} from '#lib/delivery/limits.ts'

function file(path: string, size = 3n): FileEntry {
  return { path: Buffer.from(path), size, sha256: Buffer.alloc(SHA256_BYTES, 1), type: FileEntryType.FILE }
}

function folder(path: string): FileEntry {
  return { path: Buffer.from(path), size: 0n, sha256: Buffer.alloc(0), type: FileEntryType.FOLDER }
}

describe('isPath', () => {
  const long = 'n'.repeat(MAX_PATH_NAME_BYTES)
  const good = [
    'a',
    'a/b',
    '...',
    '.profile',
    'día/Übung.txt',
    '写真 1.png',
    'a b',
    long,
    `${long}/${long}`,
    '\ufeffmark',
  ]
  for (const path of good) {
    it(`takes ${path.slice(0, 40)}`, () => {
      expect(isPath(Buffer.from(path))).to.equal(true)
    })
  }

  const bad = ['', '/', '/etc/passwd', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/..', './a', 'a\\b', 'a\0b', 'a\nb']
  const worse = ['\x1b[2J', 'exe.\u202etxt', `${long}n`, `${`${long}/`.repeat(5)}a`, 'x\u2066y', 'x\x9by']
  for (const path of [...bad, ...worse]) {
    it(`refuses ${JSON.stringify(path.slice(0, 40))}`, () => {
      expect(isPath(Buffer.from(path))).to.equal(false)
    })
  }

  it('refuses what is not UTF-8', () => {
    expect(isPath(Buffer.of(0x61, 0xff))).to.equal(false)
  })

  it('refuses one over the limit', () => {
    const name = `${'n'.repeat(203)}/`
    expect(isPath(Buffer.from(`${name.repeat(5)}abcd`))).to.equal(true)
    expect(Buffer.byteLength(`${name.repeat(5)}abcd`)).to.equal(MAX_PATH_BYTES)
    expect(isPath(Buffer.from(`${name.repeat(5)}abcde`))).to.equal(false)
  })
})

describe('checkFileOffer', () => {
  const good: ReadonlyArray<readonly [what: string, entries: FileEntry[]]> = [
    ['a file', [file('report.pdf')]],
    ['an empty file', [file('nothing', 0n)]],
    ['a folder with all that is in it', [file('p/a'), file('p/b/c'), folder('p/empty'), file('p/b/d')]],
    ['an empty folder', [folder('p')]],
    ['a file that is not called one', [{ ...file('p'), type: FileEntryType.UNSPECIFIED }]],
  ]
  for (const [what, entries] of good) {
    it(`takes ${what}`, () => {
      checkFileOffer({ entries })
      expect(sizeOf({ entries })).to.equal(entries.reduce((sum, { size }) => sum + Number(size), 0))
    })
  }

  const bad: ReadonlyArray<readonly [what: string, entries: FileEntry[]]> = [
    ['no entries', []],
    ['a path that leads out', [file('../a')]],
    ['two roots', [file('a'), file('b')]],
    ['a file twice', [file('p/a'), file('p/a')]],
    ['a path through a file', [file('p/a'), file('p/a/b')]],
    ['a path far through a file', [file('p/q/r'), file('p/a'), file('p/a/b/c/d')]],
    ['a file where a folder is', [file('p/a/b'), file('p/a')]],
    ['a folder twice', [folder('p/a'), folder('p/a')]],
    ['a folder with a size', [{ ...folder('p'), size: 1n }]],
    ['an entry of a type that is not known', [{ ...file('p'), type: 4 as FileEntryType }]],
    ['a folder with a hash', [{ ...folder('p'), sha256: Buffer.alloc(SHA256_BYTES) }]],
    ['a file without a hash', [{ ...file('a'), sha256: Buffer.alloc(0) }]],
    ['a hash of another length', [{ ...file('a'), sha256: Buffer.alloc(31) }]],
    ['more than can be counted', [file('p/a', 2n ** 52n), file('p/b', 2n ** 52n)]],
  ]
  it('takes as many folders as an offer may have, and refuses one more', () => {
    const entries = Array.from({ length: MAX_OFFER_FOLDERS - 1 }, (_, index) => folder(`p/${index}`))
    checkFileOffer({ entries })
    expect(() => checkFileOffer({ entries: [...entries, folder('p/one more')] }))
      .to.throw()
      .with.property('code', 'ERR_RECORD_MALFORMED')
  })

  it('refuses folders that are named in passing, before all are read', () => {
    const path = `p/N${'/a'.repeat(500)}`
    const entries = Array.from({ length: 1_000 }, (_, index) => folder(path.replace('N', `${index}`)))
    // It would fail by another rule if it were read.
    entries.push(folder('elsewhere'))
    expect(() => checkFileOffer({ entries })).to.throw('folders')
  })

  for (const [what, entries] of bad) {
    it(`refuses ${what}`, () => {
      expect(() => checkFileOffer({ entries }))
        .to.throw()
        .with.property('code', 'ERR_RECORD_MALFORMED')
    })
  }
})

describe('checkFileStatus', () => {
  const status = FileStatus.fromPartial({ offerId: Buffer.alloc(EVENT_ID_BYTES), state: 1 })

  it('takes every known state', () => {
    for (const state of [1, 2, 3, 4, 5, 6, 7] as const) checkFileStatus({ ...status, state })
  })

  it('refuses an id of another length, and a state that is none', () => {
    for (const broken of [{ offerId: Buffer.alloc(15) }, { state: 0 as const }, { state: 99 as never }]) {
      expect(() => checkFileStatus({ ...status, ...broken }))
        .to.throw()
        .with.property('code', 'ERR_RECORD_MALFORMED')
    }
  })
})

describe('encodeFileEvent', () => {
  const fields = { eventId: randomBytes(EVENT_ID_BYTES), writtenAt: new Date(0) }

  it('is undone by parseEvent', () => {
    const offer = FileOffer.fromPartial({ entries: [file('p/a'), folder('p/b')] })
    const kind = { $case: 'fileOffer', value: offer } as const
    const event = parseEvent(encodeFileEvent({ ...fields, kind }))
    expect(event.kind).to.deep.equal(kind)
    expect(rootOf(offer.entries[0] as FileEntry)).to.equal('p')
  })

  it('refuses more files than an event has room for', () => {
    const entries = Array.from({ length: 20_000 }, (_, index) => file(`p/a file with a name of some length ${index}`))
    expect(() => encodeFileEvent({ ...fields, kind: { $case: 'fileOffer', value: { entries } } }))
      .to.throw()
      .with.property('code', 'ERR_MESSAGE_TOO_LARGE')
  })

  it('does not make what the other end would refuse', () => {
    const kind = { $case: 'fileOffer' as const, value: { entries: [file('../a')] } }
    expect(() => encodeFileEvent({ ...fields, kind })).to.throw(TypeError)
  })
})
