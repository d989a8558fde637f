import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const CONFIGURATION_FILES = [
  'services/auth/config.ts',
  'services/directory/config.ts',
  'services/door/config.ts',
  'services/relay/config.ts',
]

function names(text: string): Set<string> {
  return new Set(text.match(/\bSOTTO_[A-Z_]*[A-Z]\b/g))
}

describe('docs/operations.md', () => {
  it('lists every setting of the services, and no other', () => {
    const inCode = CONFIGURATION_FILES.flatMap((path) => {
      const source = readFileSync(path, 'utf8')
      const table = source.slice(
        source.indexOf('const SETTINGS = {'),
        source.indexOf('\n}', source.indexOf('const SETTINGS = {')),
      )
      return [...table.matchAll(/^ {2}(SOTTO_\w+):/gm)].map(([, name]) => name as string)
    })
    const table = readFileSync('docs/operations.md', 'utf8').match(/^\| `SOTTO_.*$/gm) ?? []
    const inDocs = names(table.map((row) => row.split(' | ')[0]).join('\n'))
    expect([...inDocs].sort()).to.deep.equal([...new Set(inCode)].sort())
  })
})
