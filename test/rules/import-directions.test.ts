import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect } from 'chai'

/** The lint rules that keep imports in their directions. */
const RULES = /noRestricted|noImportCycles/

/** The folders of clients/ and what each may import beside lib/ and gen/; its own files, too. */
const GROUND: Readonly<Record<string, readonly string[]>> = {
  terminal: [],
  profile: [],
  store: [],
  trace: ['terminal'],
  files: ['store', 'terminal'],
  session: ['profile', 'trace'],
  peer: ['session', 'profile', 'trace', 'files'],
  letters: ['session', 'profile', 'store', 'trace'],
  messenger: ['letters', 'peer', 'session', 'profile', 'store', 'files', 'trace'],
  command: ['session', 'profile', 'trace', 'files', 'terminal'],
  history: ['store', 'files', 'profile', 'command', 'terminal'],
  agent: ['messenger', 'history', 'command', 'peer', 'session', 'profile', 'store', 'files', 'trace', 'terminal'],
}
const PROGRAMS = ['sender', 'receiver', 'chat', 'web']
const WALLS = { ...GROUND, ...Object.fromEntries(PROGRAMS.map((program) => [program, Object.keys(GROUND)])) }

/** An import from one folder of clients/ to another, from a file in it and from one in a sub-folder. */
const crossings = (from: string, to: string): [string, string][] => [
  [`clients/${from}/x.ts`, `import { thing } from '../${to}/thing.ts'\nthing()\n`],
  [`clients/${from}/inner/x.ts`, `import { thing } from '../../${to}/thing.ts'\nthing()\n`],
]

/** Lints sources as though they stood in the project, and gives for each the rules on imports that it breaks. */
function rulesBroken(sources: readonly (readonly [path: string, source: string])[]): string[][] {
  const root = mkdtempSync(join(tmpdir(), 'sotto-directions-'))
  try {
    cpSync('biome.json', join(root, 'biome.json'))
    const paths = sources.map(([path, source], index) => {
      const own = path.replace('x.ts', `x${index}.ts`)
      mkdirSync(join(root, dirname(own)), { recursive: true })
      writeFileSync(join(root, own), source)
      return own
    })
    const biome = resolve('node_modules/.bin/biome')
    const { stdout } = spawnSync(biome, ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none'], {
      cwd: root,
      encoding: 'utf8',
    })
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: string } }[] }
    return paths.map((path) =>
      diagnostics
        .filter(({ category, location }) => RULES.test(category) && location.path.endsWith(path))
        .map(({ category }) => category),
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The directions are lint rules; a rule with a mistake in its pattern passes everything, so each must bite here. */
describe('import directions', () => {
  const forbidden: [string, string][] = [
    ['lib/noise/x.ts', "import { readFileSync } from 'node:fs'\nreadFileSync('x')\n"],
    ['lib/ticket/x.ts', "import { startServer } from '#lib/rpc/server.ts'\nstartServer()\n"],
    ['lib/channel/x.ts', "import { pino } from 'pino'\npino()\n"],
    ['lib/delivery/x.ts', "import { createLogger } from '#lib/runtime/log.ts'\ncreateLogger()\n"],
    ['lib/trust/x.ts', "import { readFileSync } from 'node:fs'\nreadFileSync('x')\n"],
    ['lib/session/x.ts', 'export const home = process.env\n'],
    ['lib/rpc/x.ts', "import { dial } from '../../clients/peer/dial.ts'\ndial()\n"],
    ['lib/runtime/x.ts', "import { connect } from '#lib/rpc/client.ts'\nconnect()\n"],
    ['services/auth/x.ts', "import { PresenceRegistry } from '../directory/presence.ts'\nPresence()\n"],
    ['services/directory/x.ts', "import { Accounts } from '../auth/accounts.ts'\nAccounts()\n"],
    ['services/door/x.ts', "import { readConfig } from '../auth/config.ts'\nreadConfig()\n"],
    ['services/door/x.ts', "import { startServer } from '#lib/rpc/server.ts'\nstartServer()\n"],
    ['services/relay/x.ts', "import { Accounts } from '../auth/accounts.ts'\nAccounts()\n"],
    ['services/relay/x.ts', "import { PresenceRegistry } from '../directory/presence.ts'\nPresence()\n"],
    ['services/auth/x.ts', "import { AuthClient } from '../authentication/auth-client.ts'\nAuthClient()\n"],
    ['services/authentication/x.ts', "import { Quotas } from '../relay/quotas.ts'\nQuotas()\n"],
    ['services/auth/x.ts', "import { dial } from '../../clients/peer/dial.ts'\ndial()\n"],
    ['services/auth/x.ts', "import { Server } from '@grpc/grpc-js'\nServer()\n"],
    ['clients/sender/x.ts', "import { Accounts } from '../../services/auth/accounts.ts'\nAccounts()\n"],
    ['clients/peer/x.ts', "import { Client } from '@grpc/grpc-js'\nClient()\n"],
    ['cli/x.ts', "import { Client } from '@grpc/grpc-js'\nClient()\n"],
    ['cli/up/x.ts', "import { loadSync } from '@grpc/proto-loader'\nloadSync('x')\n"],
    ['clients/web/page/x.ts', "import { unsafeHTML } from 'lit/directives/unsafe-html.js'\nunsafeHTML('x')\n"],
    ['clients/web/page/x.ts', "import { hash } from 'node:crypto'\nhash('x')\n"],
    ['clients/web/page/x.ts', "import { SottoError } from '#lib/errors.ts'\nSottoError()\n"],
    ['test/support/x.ts', "import { Server } from '@grpc/grpc-js'\nServer()\n"],
    ...Object.entries(WALLS).flatMap(([from, mayImport]) =>
      Object.keys(WALLS)
        .filter((to) => to !== from && !mayImport.includes(to))
        .flatMap((to) => crossings(from, to)),
    ),
  ]
  const allowed: [string, string][] = [
    ['services/door/x.ts', "import { Places } from '#lib/rpc/sockets/places.ts'\nPlaces()\n"],
    ['lib/rpc/x.ts', "import { Server } from '@grpc/grpc-js'\nServer()\n"],
    ['test/lib/rpc/x.ts', "import { Metadata } from '@grpc/grpc-js'\nMetadata()\n"],
    ['lib/noise/x.ts', "import { createHash } from 'node:crypto'\ncreateHash('sha256')\n"],
    [
      'services/directory/x.ts',
      "import { SealingServiceClient } from '#gen/sotto/sealing/v1/sealing_service.ts'\nSealingServiceClient()\n",
    ],
    ['clients/web/page/x.ts', "import { Message } from '#gen/web/sotto/agent/v1/agent_service.ts'\nMessage()\n"],
    ['services/relay/x.ts', "import { AuthClient } from '../authentication/auth-client.ts'\nAuthClient()\n"],
    ['clients/peer/x.ts', "import { connect } from '#lib/rpc/client.ts'\nconnect()\n"],
    ['clients/store/x.ts', "import { deriveSession } from '#lib/session/session-keys.ts'\nderiveSession()\n"],
    ...Object.entries(WALLS).flatMap(([from, mayImport]) => mayImport.flatMap((to) => crossings(from, to))),
  ]
  it('knows every folder of clients/', () => {
    const folders = readdirSync('clients', { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name)).to.have.members(Object.keys(WALLS))
  })

  it('refuses imports in a circle, also of types alone', () => {
    const [one, other] = rulesBroken([
      ['clients/peer/x.ts', "import type { Other } from './x1.ts'\nexport type One = Other | string\n"],
      ['clients/peer/x.ts', "import type { One } from './x0.ts'\nexport type Other = One[]\n"],
    ])
    expect([one, other]).to.deep.equal([['lint/suspicious/noImportCycles'], ['lint/suspicious/noImportCycles']])
  })

  let broken: string[][]
  before(() => {
    broken = rulesBroken([...forbidden, ...allowed])
  })

  forbidden.forEach(([path, source], index) => {
    it(`refuses ${source.split('\n')[0]} in ${path}`, () => {
      expect(broken[index]).to.have.length.above(0)
    })
  })

  allowed.forEach(([path, source], index) => {
    it(`allows ${source.split('\n')[0]} in ${path}`, () => {
      expect(broken[forbidden.length + index]).to.deep.equal([])
    })
  })
})
