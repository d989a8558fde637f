/** What the documents name is there: files, sections, npm scripts; and each line of the threat model has its test. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from '../support/environment.ts'

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...globSync('docs/*.md', { cwd: ROOT }),
]

/** The folders of the project: a path in a document begins with one of them, or is a link. */
const FOLDERS = ['.ci', 'bin', 'cli', 'clients', 'docs', 'gen', 'lib', 'proto', 'scripts', 'services', 'test']

const textOf = (document: string) => readFileSync(join(ROOT, document), 'utf8')

/** As GitHub names the sections of a document in links. */
function sectionsOf(document: string): string[] {
  return [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

for (const document of DOCUMENTS) {
  describe(document, () => {
    const text = textOf(document)

    it('names only files that are there', () => {
      const named = [...text.matchAll(/`([\w.@*/-]+)`/g)].map(([, path = '']) => path)
      const paths = named.filter((path) => FOLDERS.some((folder) => path.startsWith(`${folder}/`)))
      const isThere = (path: string) => globSync(path, { cwd: ROOT }).length > 0
      expect(paths.filter((path) => !isThere(path))).to.deep.equal([])
    })

    it('leads to files and sections that are there', () => {
      for (const [, path = '', section] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
        const target = path === '' ? document : join(dirname(document), path)
        expect(existsSync(join(ROOT, target)), target).to.equal(true)
        if (section !== undefined) expect(sectionsOf(target), target).to.include(section)
      }
    })

    it('names only npm scripts that are there', () => {
      const named = [...text.matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(test|start)\b)/g)].map(
        ([, run, short]) => run ?? short,
      )
      expect(named.filter((name) => !(name !== undefined && name in manifest.scripts))).to.deep.equal([])
    })

    it('has no row of a table twice', () => {
      for (const [table] of text.matchAll(/^\|.*\n\|[ :|-]+\n(?:\|.*\n)+/gm)) {
        const subjects = table.split('\n').flatMap((row) => row.match(/^\| (.+?) \|/)?.[1] ?? [])
        expect(subjects.filter((subject, at) => subjects.indexOf(subject) < at)).to.deep.equal([])
      }
    })
  })
}

describe('docs/threat-model.md', () => {
  it('says of every line what shows it', () => {
    const tables = [...textOf('docs/threat-model.md').matchAll(/^\|.* shown by \|\n\|[ |-]+\n((?:\|.*\n)+)/gm)]
    const rows = tables.flatMap(([, body = '']) => body.trimEnd().split('\n'))
    expect(rows.length).to.be.greaterThan(25)
    const shown = /\| (not defended|by design|by nature|`test\/[^`|]+\.test\.ts`(, `test\/[^`|]+\.test\.ts`)*) \|$/
    expect(rows.filter((row) => !shown.test(row))).to.deep.equal([])
  })
})
