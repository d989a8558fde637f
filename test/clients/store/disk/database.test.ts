import { join } from 'node:path'
import { expect } from 'chai'
import { type Database, openDatabase } from '../../../../clients/store/disk/database.ts'
import { codeOf } from '../../../support/code-of.ts'
import { permitWriting } from '../../../support/permits.ts'
import { BOB_KEY, outgoingText, shown, testStore } from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('openDatabase', () => {
  let folder: TemporaryFolder
  let database: Database
  beforeEach(async () => {
    folder = await temporaryFolder()
    database = openDatabase(join(folder.path, 'x.db'))
    database.exec('create table t (id integer primary key, bytes blob)')
  })
  afterEach(async () => {
    database.close()
    await folder[Symbol.asyncDispose]()
  })

  const rows = (of = database) => of.prepare('select id, bytes from t order by id').all()

  it('undoes all of a write that throws, and can write again', () => {
    const insert = database.prepare('insert into t (bytes) values (?)')
    const fail = () =>
      database.write('disk', () => {
        insert.run(Uint8Array.of(1))
        throw new RangeError('no')
      })
    expect(fail).to.throw(RangeError)
    expect(rows()).to.deep.equal([])
    database.write('process', () => insert.run(Uint8Array.of(2)))
    expect(rows()).to.deep.equal([[1, Uint8Array.of(2)]])
  })

  it('tells by the data version what others have committed, and not what it did itself', () => {
    const other = openDatabase(database.path)
    const before = database.dataVersion()
    database.write('process', () => database.exec('insert into t (id) values (1)'))
    expect(database.dataVersion()).to.equal(before)
    other.write('process', () => other.exec('insert into t (id) values (2)'))
    expect(database.dataVersion()).not.to.equal(before)
    other.close()
  })

  it('shows one state to all that is read in one go', () => {
    const other = openDatabase(database.path)
    database.read(() => {
      expect(rows()).to.deep.equal([])
      other.write('process', () => other.exec('insert into t (id) values (1)'))
      expect(rows()).to.deep.equal([])
    })
    expect(rows()).to.have.length(1)
    other.close()
  })

  it('says what is wrong where the folder is missing', () => {
    expect(codeOf(() => openDatabase(join(folder.path, 'none', 'x.db')))).to.equal('ERR_STORE')
  })

  it('can be closed twice', () => {
    database.close()
    database.close()
  })
})

describe('a full disk', () => {
  it('is told, loses nothing, and is over when there is room again', async () => {
    await using folder = await temporaryFolder()
    const database = openDatabase(join(folder.path, 'store.db'), { flushes: false })
    const store = testStore(folder.path, { database })
    const messageLog = store.messageLog('bob', BOB_KEY)
    const { outgoing } = messageLog.streams
    messageLog.append(permitWriting('bob'), [outgoingText('before')])
    database.exec('pragma max_page_count = 1')
    expect(codeOf(() => messageLog.append(permitWriting('bob'), [outgoingText('x'.repeat(100_000))]))).to.equal(
      'ERR_STORE',
    )
    expect([outgoing.unacknowledged, messageLog.progress().appended]).to.deep.equal([1, 1])
    database.exec('pragma max_page_count = 1000000')
    messageLog.append(permitWriting('bob'), [outgoingText('after')])
    expect(shown(store.history('bob', { limit: 9 }))).to.deep.equal(['after', 'before'])
    expect(outgoing.unacknowledged).to.equal(2)
    store.close()
  })
})
