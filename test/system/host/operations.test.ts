/**
 * The commands of docs/operations.md and docs/client.md, typed as they stand, each block on an installation of its own.
 *
 * Three things are translated: a command in a container is one on this machine, ports are free ones, and what a reader has
 * to look up (the id of an invite, a head that was kept) is looked up.
 */
import { readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment, type Outcome, outcomeOf } from '../../support/deployment.ts'
import { type Step, stepsOf } from '../../support/document.ts'
import { ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO_COMMAND } from '../../support/programs.ts'

/** Blocks that no shell of a test may run as they stand, and what tries them instead. */
const ELSEWHERE: readonly (readonly [used: RegExp, where: string])[] = [
  [/^systemctl /m, 'test/system/host/system-users.test.ts and test/system/host/release.test.ts'],
  [/^npm ci && npm run release/, 'test/system/host/release.test.ts'],
  [/^git pull/, 'test/system/host/fresh-clone.test.ts'],
  [/^docker compose --profile scale run /, 'test/system/host/compose-scale.test.ts'],
  [/^secret-tool /, 'nowhere: it needs a desktop'],
  [/^ssh /m, 'nowhere: it takes another machine'],
  [/^SOTTO_DOOR_PORT=/m, 'test/system/host/door.test.ts and test/system/host/compose-door.test.ts'],
  [/^SOTTO_AUTH_PROXY_PORT=/m, 'test/system/host/door.test.ts, as sotto up sets them'],
]

/** Lines that start what runs already: test/system/host/compose.test.ts and compose-scale.test.ts. */
const STARTS = /^docker compose (--profile scale )?up -d/

/** Commands that run until they are stopped, by what they show when they are ready. */
const RUNNING: readonly (readonly [command: RegExp, ready: RegExp])[] = [
  [/\bsotto receive\b/, /online as/],
  [/\bsotto up\b/, /sotto admin invite|"msg":"up"/],
]

/** Blocks before which nobody has an account: they make the first. */
const FIRST_PEOPLE = /\badmin (invite|import)\b/

class Desk implements AsyncDisposable {
  readonly #deployment: Deployment
  readonly #env: NodeJS.ProcessEnv
  readonly #ports = new Map<string, string>()
  readonly #running: TestProcess[] = []

  static async begin({ commands }: Step): Promise<Desk> {
    const relay = /\brelay\b|\bsotto up\b/.test(commands) ? 'on' : 'off'
    const deployment = await Deployment.start({ SOTTO_DIRECTORY_ENDPOINTS: '203.0.113.7', SOTTO_RELAY: relay })
    const desk = new Desk(deployment)
    const home = deployment.home.path
    await mkdir(join(home, 'bin'))
    await symlink(SOTTO_COMMAND, join(home, 'bin', 'sotto'))
    await writeFile(join(home, 'roster.csv'), 'name,display_name\nann,Ann\nben,Ben\n')
    await mkdir(join(home, '.secrets'), { mode: 0o700 })
    await writeFile(join(home, '.secrets', 'sotto'), 'a passphrase that nobody asks for\n', { mode: 0o600 })
    for (const port of ['7100', '9101', '9102']) desk.#ports.set(port, String(await freePort()))
    if (!FIRST_PEOPLE.test(commands)) {
      await deployment.signUp('alice', 'bob')
      await deployment.run(['admin', 'add-user', 'carol'], { input: "carol's password\n" })
      await deployment.signIn('carol', { profile: 'default' })
    }
    if (commands.includes('sotto send bob')) await deployment.receive('bob')
    return desk
  }

  private constructor(deployment: Deployment) {
    this.#deployment = deployment
    const home = deployment.home.path
    this.#env = { ...deployment.env, HOME: home, PATH: `${join(home, 'bin')}:${deployment.env['PATH']}` }
  }

  /** Type a line. @returns undefined for one that goes on running. */
  async type(line: string): Promise<Outcome | undefined> {
    const text = await this.#translated(line)
    const ready = RUNNING.find(([command]) => command.test(text))?.[1]
    // The installation that is there already keeps its ports; this is another.
    const env = /\bsotto up\b/.test(text) ? await this.#elsewhere() : this.#env
    const program = new TestProcess('bash', ['-o', 'pipefail', '-c', text], {
      cwd: line.startsWith('npm ') ? ROOT : this.#deployment.home.path,
      env,
      detached: true,
      input: 'Hello\n',
    })
    this.#running.push(program)
    if (ready === undefined) return await outcomeOf(program)
    await Promise.race([program.untilStderr(ready), program.output.until((text) => ready.test(text))])
    return undefined
  }

  async #elsewhere(): Promise<NodeJS.ProcessEnv> {
    const names = ['SOTTO_AUTH_PORT', 'SOTTO_SEALING_PORT', 'SOTTO_DIRECTORY_PORT', 'SOTTO_RELAY_PORT']
    const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())]))
    return { ...this.#env, ...Object.fromEntries(ports), SOTTO_HOME: join(this.#deployment.home.path, 'elsewhere') }
  }

  async #translated(line: string): Promise<string> {
    let text = line
      .replace(/ {2,}# .*$/, '')
      .replace(/docker compose (--profile scale )?exec (-T )?auths? /, '')
      .replace(/\b(7100|9101|9102)\b/g, (port) => this.#ports.get(port) ?? port)
    if (text.includes('withdraw ')) {
      const { output } = await this.#deployment.run(['admin', 'invites'])
      text = text.replace(/withdraw \S+/, `withdraw ${/\b[0-9a-f]{8}\b/.exec(output)?.[0]}`)
    }
    if (text.includes('--head ')) {
      const { output } = await this.#deployment.run(['admin', 'audit'])
      text = text.replace(/--head \S+/, `--head ${output.match(/[0-9a-f]{64}/g)?.at(-1)}`)
    }
    return text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#running) await program[Symbol.asyncDispose]()
    await this.#deployment[Symbol.asyncDispose]()
  }
}

for (const document of ['operations.md', 'client.md']) {
  describe(`docs/${document}`, function () {
    this.timeout(300_000)

    for (const step of stepsOf(readFileSync(join(ROOT, 'docs', document), 'utf8'))) {
      const elsewhere = ELSEWHERE.find(([used]) => used.test(step.commands))?.[1]
      it(`${step.section}, line ${step.line}${elsewhere ? `: tried in ${elsewhere}` : ''}`, async function () {
        if (elsewhere) return this.skip()
        await using desk = await Desk.begin(step)
        for (const line of step.commands.split('\n').filter((each) => !STARTS.test(each))) {
          const outcome = await desk.type(line)
          // What it finds is about this machine.
          if (line.startsWith('sotto doctor')) expect(outcome?.output, line).to.match(/^(ok|note|FAULT) /m)
          else if (outcome !== undefined) expect(outcome.code, `${line}\n${outcome.errors}`).to.equal(0)
        }
      })
    }
  })
}
