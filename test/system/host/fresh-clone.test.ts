import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

/** The versions of Node.js and npm that many machines have. These npm make no link to the packaged Node.js 26. */
const OLDER = [
  { node: '20.20.2', npm: '10.8.2' },
  { node: '22.23.3', npm: '10.9.2' },
]

const MINUTE_MS = 60_000

describe('a fresh clone', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sotto-clone-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const { node, npm } of OLDER) {
    it(`installs and runs the demo under Node.js ${node} with npm ${npm}`, function () {
      this.timeout(5 * MINUTE_MS)
      if (process.platform !== 'linux') return this.skip()

      const tools = join(folder, `node-${node}`)
      mkdirSync(tools)
      execFileSync('npm', ['init', '-y'], { cwd: tools, stdio: 'ignore' })
      execFileSync('npm', ['install', '--silent', `node-linux-${process.arch}@${node}`, `npm@${npm}`], { cwd: tools })
      const clone = join(folder, `clone-${node}`)
      execFileSync('git', ['clone', '--quiet', '.', clone])

      const env = { ...process.env, PATH: `${join(tools, 'node_modules', '.bin')}:${process.env['PATH']}` }
      const run = (command: string, options: readonly string[], input = '') =>
        spawnSync(command, options, { cwd: clone, env, input, encoding: 'utf8' })
      expect(run('node', ['--version']).stdout.trim()).to.equal(`v${node}`)

      const installed = run('npm', ['ci', '--no-audit', '--no-fund'])
      expect(installed.status, installed.stderr).to.equal(0)
      const spoken = 'first\n\nthird, with ä and 🙂\n'
      const demo = run('npm', ['run', '-s', 'demo'], spoken)
      expect(demo.status, demo.stderr).to.equal(0)
      expect(demo.stdout).to.equal(spoken)
    })
  }
})
