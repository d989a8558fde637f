import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { isLocked, takeLock } from '../../../clients/profile/lock.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** What another process makes of a lock: `taken`, or the code with which it is refused. */
function tryElsewhere(path: string): string {
  const module = import.meta.resolve('../../../clients/profile/lock.ts')
  const program = `
    import { isLocked, takeLock } from ${JSON.stringify(module)}
    const taking = takeLock(${JSON.stringify(path)}, { timeoutMs: 0, hint: '' })
    console.log(await taking.then(() => 'taken', ({ code }) => code))
    process.exit()`
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout.trim()
}

describe('takeLock', () => {
  it('keeps others out for as long as it is held, though this process asks for it again', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'x.lock')
    const options = { timeoutMs: 0, hint: '' }
    const lock = await takeLock(path, options)
    expect((await rejection(takeLock(path, options))).code).to.equal('ERR_PROFILE_LOCKED')
    expect(tryElsewhere(path)).to.equal('ERR_PROFILE_LOCKED')
    lock.release()
    expect(tryElsewhere(path)).to.equal('taken')
  })
})

describe('isLocked', () => {
  it('tells of a lock, keeps it, and does not take it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'x.lock')
    expect(isLocked(path)).to.equal(false)
    const lock = await takeLock(path, { timeoutMs: 0, hint: '' })
    expect(isLocked(path)).to.equal(true)
    expect(tryElsewhere(path)).to.equal('ERR_PROFILE_LOCKED')
    lock.release()
    expect(isLocked(path)).to.equal(false)
    expect(tryElsewhere(path)).to.equal('taken')
  })
})
