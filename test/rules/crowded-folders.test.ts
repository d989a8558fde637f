import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { crowdedFolders } from '../../scripts/crowded-folders.ts'

/** The names of a folder's files, `count` of them. */
const files = (folder: string, count: number, type = 'ts'): string[] =>
  Array.from({ length: count }, (_, index) => join(folder, `file-${index}.${type}`))

/** What the check says of a project that has these files. */
function judge(paths: readonly string[]): string[] {
  const root = mkdtempSync(join(tmpdir(), 'sotto-folders-'))
  try {
    for (const path of paths) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), '')
    }
    return crowdedFolders(root, ['lib', 'clients'])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe('crowded folders', () => {
  it('are named, with the count of their source files', () => {
    expect(judge([...files('lib', 1), ...files('clients/peer', 21)])).to.deep.equal([
      'clients/peer holds 21 source files, of at most 20',
    ])
  })

  it('may hold 20 files of their own, and more in sub-folders', () => {
    const inSubFolders = [...files('lib/noise', 20), ...files('lib/noise/vectors', 20)]
    expect(judge([...files('lib', 20), ...inSubFolders, ...files('clients', 1)])).to.deep.equal([])
  })

  it('are counted by source files alone', () => {
    expect(judge([...files('lib', 20), ...files('lib', 20, 'md'), ...files('clients', 1)])).to.deep.equal([])
  })
})
