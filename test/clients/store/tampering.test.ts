import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { STORE_FILE } from '../../../clients/store/open-store.ts'
import type { Store } from '../../../clients/store/store.ts'
import { codeOf } from '../../support/code-of.ts'
import { offered } from '../../support/file-events.ts'
import { permitWriting } from '../../support/permits.ts'
import { secretOf } from '../../support/random.ts'
import { BOB_KEY, conversation, outgoingText, shown, testStore } from '../../support/stores.ts'
import { flip } from '../../support/tamper.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** How many bits apart those are that are tried: every one of a row takes too long, and a prime hits all places of a byte. */
const STRIDE = 61

describe('a store that is changed from outside', () => {
  let folder: TemporaryFolder
  beforeEach(async () => {
    folder = await temporaryFolder()
    use((store) => {
      for (const text of ['b1', 'b2', 'b3'])
        store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText(text)])
      for (const text of ['c1', 'c2', 'c3'])
        store.messageLog('carol', BOB_KEY).append(permitWriting('carol'), [outgoingText(text)])
    })
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  function use<T>(work: (store: Store) => T, tolerant = false): T {
    const store = testStore(folder.path, { tolerant })
    try {
      return work(store)
    } finally {
      store.close()
    }
  }

  function tamper(...statements: string[]): unknown[] {
    const file = new DatabaseSync(join(folder.path, STORE_FILE))
    try {
      return statements.map((sql) => file.prepare(sql).all())
    } finally {
      file.close()
    }
  }

  /** A sealed column of a row, as it is now. */
  function sealedOf(table: string, id: string): Uint8Array {
    const [[row]] = tamper(`select sealed from ${table} where ${id}`) as [[{ sealed: Uint8Array }]]
    return row.sealed
  }

  function putBack(table: string, id: string, sealed: Uint8Array): void {
    tamper(`update ${table} set sealed = x'${Buffer.from(sealed).toString('hex')}' where ${id}`)
  }

  async function read(name: string, tolerant = false): Promise<string[]> {
    const store = testStore(folder.path, { tolerant })
    try {
      return shown(await conversation(store, name))
    } finally {
      store.close()
    }
  }

  const BATCH_OF_BOB = `id = ${2 ** 32 + 2}`

  it('has a gap in place of a batch with any bit flipped, and reads all others', async () => {
    const path = join(folder.path, STORE_FILE)
    const whole = readFileSync(path)
    const sealed = sealedOf('batch', BATCH_OF_BOB)
    const offset = whole.indexOf(sealed)
    expect(offset).to.be.above(0)
    for (let bit = 0; bit < sealed.length * 8; bit += STRIDE) {
      writeFileSync(path, flip(whole, offset * 8 + bit))
      expect(await read('bob'), `bit ${bit}`).to.deep.equal(['b1', '(gap)', 'b3'])
      expect(await read('carol')).to.deep.equal(['c1', 'c2', 'c3'])
    }
  })

  it('does not open with any bit of a contact or of the head flipped, unless in spite of that', async () => {
    const path = join(folder.path, STORE_FILE)
    const whole = readFileSync(path)
    for (const table of ['contact', 'head']) {
      const sealed = sealedOf(table, 'id = 1')
      const offset = whole.indexOf(sealed)
      for (let bit = 0; bit < sealed.length * 8; bit += STRIDE) {
        writeFileSync(path, flip(whole, offset * 8 + bit))
        expect(
          codeOf(() => use(() => undefined)),
          `${table}, bit ${bit}`,
        ).to.equal('ERR_STORE_DAMAGED')
      }
      expect(await read('carol', true)).to.deep.equal(['c1', 'c2', 'c3'])
      expect(await read('bob', true)).to.deep.equal(table === 'contact' ? [] : ['b1', 'b2', 'b3'])
    }
  })

  it('writes nothing where it was opened in spite of damage', () => {
    const code = use(
      (store) => codeOf(() => store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('x')])),
      true,
    )
    expect(code).to.equal('ERR_STORE_DAMAGED')
  })

  const changes: ReadonlyArray<readonly [what: string, sql: readonly string[], bob: readonly string[]]> = [
    ['a batch is removed', [`delete from batch where ${BATCH_OF_BOB}`], ['b1', '(gap)', 'b3']],
    ['the last batch is removed', [`delete from batch where id = ${2 ** 32 + 3}`], ['b1', 'b2', '(gap)']],
    ['the first batch is removed', [`delete from batch where id = ${2 ** 32 + 1}`], ['(gap)', 'b2', 'b3']],
    [
      'two batches are swapped',
      [
        `update batch set id = -1 where id = ${2 ** 32 + 1}`,
        `update batch set id = ${2 ** 32 + 1} where id = ${2 ** 32 + 2}`,
        `update batch set id = ${2 ** 32 + 2} where id = -1`,
      ],
      ['(gap)', '(gap)', 'b3'],
    ],
    [
      'a batch is copied over another',
      [`update batch set sealed = (select sealed from batch where id = ${2 ** 32 + 1}) where ${BATCH_OF_BOB}`],
      ['b1', '(gap)', 'b3'],
    ],
    [
      'a batch of another contact is put there',
      [`update batch set sealed = (select sealed from batch where id = ${2 * 2 ** 32 + 2}) where ${BATCH_OF_BOB}`],
      ['b1', '(gap)', 'b3'],
    ],
    ['a batch is emptied', [`update batch set sealed = x'' where ${BATCH_OF_BOB}`], ['b1', '(gap)', 'b3']],
  ]
  for (const [what, sql, expected] of changes) {
    it(`has a gap where ${what}`, async () => {
      tamper(...sql)
      expect(await read('bob')).to.deep.equal(expected)
      expect(await read('carol')).to.deep.equal(['c1', 'c2', 'c3'])
      const load = (store: Store) => codeOf(() => store.messageLog('bob', BOB_KEY).streams)
      expect(use(load)).to.equal('ERR_STORE_DAMAGED')
      use((store) => expect(store.messageLog('carol', BOB_KEY).streams.outgoing.unacknowledged).to.equal(3))
    })
  }

  it('notices a batch that was never put there when the next one is', () => {
    tamper(`insert into batch (id, sealed) values (${2 ** 32 + 4}, x'00')`)
    const append = (store: Store) =>
      codeOf(() => store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('b4')]))
    expect(use(append)).to.equal('ERR_STORE_DAMAGED')
  })

  const broken: ReadonlyArray<readonly [what: string, ...sql: string[]]> = [
    ['a contact is removed', 'delete from contact where id = 1'],
    ['all contacts are removed', 'delete from contact'],
    ['a contact is copied', "insert into contact select 3, x'00', sealed from contact where id = 1"],
    ['a contact gets another name hash', "update contact set name_hash = x'00' where id = 1"],
    [
      'two contacts are swapped',
      'create temporary table old as select * from contact',
      'update contact set sealed = (select sealed from old where old.id = 3 - contact.id)',
    ],
    ['the head is removed', 'delete from head'],
    ['the head is emptied', "update head set sealed = x''"],
    ['a table is gone', 'drop table batch'],
    ['a column has another name', 'alter table contact rename column sealed to unsealed'],
  ]
  for (const [what, ...sql] of broken) {
    it(`does not open where ${what}`, () => {
      tamper(...sql)
      expect(codeOf(() => use(() => undefined))).to.equal('ERR_STORE_DAMAGED')
    })
  }

  it('does not open where an older contact is put back, alone or with the older head', () => {
    const [contact, head] = [sealedOf('contact', 'id = 1'), sealedOf('head', 'id = 1')]
    use((store) => store.messageLog('carol', BOB_KEY).append(permitWriting('carol'), [outgoingText('c4')]))
    use((store) => store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('b4')]))
    putBack('contact', 'id = 1', contact)
    expect(codeOf(() => use(() => undefined))).to.equal('ERR_STORE_DAMAGED')
    putBack('head', 'id = 1', head)
    expect(codeOf(() => use(() => undefined))).to.equal('ERR_STORE_DAMAGED')
  })

  describe('with files under way', () => {
    let ids: string[]
    beforeEach(() => {
      ids = use((store) => ['a.txt', 'b.txt'].map((path) => offer(store, path)))
    })

    function offer(store: Store, path: string): string {
      const { kind } = offered({ [path]: 4 })
      if (kind?.$case !== 'fileOffer') throw new TypeError('no offer')
      return store.transfers.offer(permitWriting('bob'), store.messageLog('bob', BOB_KEY), {
        offer: kind.value,
        path: `/home/alice/${path}`,
      }).id
    }

    const list = () => use((store) => codeOf(() => store.transfers.list()))

    const changes: ReadonlyArray<readonly [what: string, ...sql: string[]]> = [
      ['a transfer is removed', 'delete from transfer where id = 2'],
      ['all are removed', 'delete from transfer'],
      ['one is copied', 'insert into transfer select 3, offer, sealed from transfer where id = 2'],
      ['one is emptied', "update transfer set sealed = x'' where id = 1"],
      ['one is numbered otherwise', 'update transfer set id = 3 where id = 1'],
    ]
    for (const [what, ...sql] of changes) {
      it(`lists none of them where ${what}, and reads what people said`, async () => {
        tamper(...sql)
        expect(list()).to.equal('ERR_STORE_DAMAGED')
        expect((await read('bob')).slice(0, 3)).to.deep.equal(['b1', 'b2', 'b3'])
      })
    }

    it('vouches for none of them anew where another is offered', () => {
      tamper('delete from transfer where id = 1')
      expect(use((store) => codeOf(() => offer(store, 'c.txt')))).to.equal('ERR_STORE_DAMAGED')
      expect(list()).to.equal('ERR_STORE_DAMAGED')
    })

    it('lists none where an older state is put back', () => {
      const sealed = sealedOf('transfer', 'id = 1')
      use((store) => store.transfers.settle(ids[0] as string, 'cancelled'))
      expect(list()).to.equal('none')
      putBack('transfer', 'id = 1', sealed)
      expect(list()).to.equal('ERR_STORE_DAMAGED')
    })

    it('gives out no offer in the place of another', () => {
      tamper('update transfer set offer = (select offer from transfer where id = 2) where id = 1')
      const offerOf = (id = '') => use((store) => codeOf(() => store.transfers.offerOf(id)))
      expect(ids.map(offerOf)).to.deep.equal(['ERR_STORE_DAMAGED', 'none'])
    })
  })

  it('notices it while it is open, at the next use', () => {
    use((store) => {
      const messageLog = store.messageLog('bob', BOB_KEY)
      tamper('delete from contact where id = 2')
      expect(codeOf(() => messageLog.append(permitWriting('bob'), [outgoingText('b4')]))).to.equal('ERR_STORE_DAMAGED')
      expect(codeOf(() => store.history('carol', { limit: 1 }))).to.equal('ERR_STORE_DAMAGED')
    })
  })

  it('tells another profile key from damage', () => {
    const open = () => testStore(folder.path, { profileKey: secretOf('another profile key') })
    expect(codeOf(open)).to.equal('ERR_STORE_KEY')
    expect(use((store) => shown(store.history('bob', { limit: 1 })))).to.deep.equal(['b3'])
  })

  it('tells a newer version from damage', () => {
    tamper('pragma user_version = 99')
    expect(codeOf(() => use(() => undefined))).to.equal('ERR_STORE')
  })

  it('does not open what is no database, and leaves it as it is', () => {
    const path = join(folder.path, STORE_FILE)
    writeFileSync(path, 'something else '.repeat(1_000))
    expect(codeOf(() => use(() => undefined))).to.equal('ERR_STORE_DAMAGED')
    expect(readFileSync(path, 'utf8')).to.equal('something else '.repeat(1_000))
  })
})
