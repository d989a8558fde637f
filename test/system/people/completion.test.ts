import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { Command } from 'commander'
import { sotto } from '../../../cli/program.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { environmentOf } from '../../support/environment.ts'
import { CHEAP, passphraseOf } from '../../support/passphrases.ts'
import { SOTTO_COMMAND } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { hasTmux, Tmux } from '../../support/tmux.ts'

const run = promisify(execFile)

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

function isInstalled(shell: Shell): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What stands before the cursor, and what a shell offers for its last word. */
const OFFERS: ReadonlyArray<readonly [does: string, typed: string, offered: readonly string[]]> = [
  ['a command', 'sotto who', ['whoami']],
  ['a command below another', 'sotto admin list', ['list-users']],
  ['an option of the command', 'sotto send --que', ['--queue']],
  ['no option of another command', 'sotto history --que', []],
  ['one of the choices of an option', 'sotto receive --log-level er', ['error']],
  ['one of the choices of an argument', 'sotto health dir', ['directory']],
  ['a contact', 'sotto send b', ['bob']],
  ['a contact behind options', 'sotto send --retry 5 --json b', ['bob']],
  ['contacts of another profile', 'sotto send --profile work d', ['dave']],
  ['nobody where it would have to ask for a passphrase', 'sotto send --profile locked e', []],
  ['contacts, as many as are wanted', 'sotto export bob c', ['carol']],
  ['nothing for a text', 'sotto send bob b', []],
  ['a profile', 'sotto whoami --profile w', ['work']],
  ['a file', 'sotto login alice --ca cer', ['certificate.pem']],
]

describe('sotto completion', function () {
  this.timeout(30_000)
  let folder: TemporaryFolder
  let env: NodeJS.ProcessEnv
  const scripts = new Map<Shell, string>()

  before(async () => {
    folder = await temporaryFolder()
    const home = join(folder.path, 'home')
    await profileWith(home, 'default', ['bob', 'carol'])
    await profileWith(home, 'work', ['dave'])
    await (await profileWith(home, 'locked', ['erin'])).protect(passphraseOf('a passphrase'), CHEAP)
    const bin = join(folder.path, 'bin')
    await mkdir(bin)
    await symlink(SOTTO_COMMAND, join(bin, 'sotto'))
    await writeFile(join(folder.path, 'certificate.pem'), '')
    env = { ...environmentOf(home), HOME: folder.path }
    env['PATH'] = `${bin}:${env['PATH']}`
    for (const shell of SHELLS) {
      const { stdout } = await run('sotto', ['completion', shell], { env })
      scripts.set(shell, join(folder.path, `script.${shell}`))
      await writeFile(join(folder.path, `script.${shell}`), stdout)
    }
  })
  after(() => folder[Symbol.asyncDispose]())

  const inShell = async (shell: Shell, ...args: string[]): Promise<string[]> => {
    const { stdout } = await run(shell, args, { env, cwd: folder.path })
    return stdout.split('\n').filter((line) => line !== '')
  }

  const inBash = (typed: string, before = '') =>
    inShell(
      'bash',
      '--norc',
      '-c',
      // What bash does when Tab is pressed.
      `${before}
       source "$0"; COMP_WORDS=($1); [ "\${1% }" = "$1" ] || COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
       _sotto; printf '%s\\n' "\${COMPREPLY[@]}"`,
      scripts.get('bash') ?? '',
      typed,
    )

  describe('bash', () => {
    for (const [does, typed, offered] of OFFERS) {
      it(`completes ${does}`, async () => {
        expect((await inBash(typed)).map((word) => word.trimEnd())).to.deep.equal(offered)
      })
    }

    it('offers every command and every option that the help shows', async () => {
      for (const command of commandsOf(sotto())) {
        const path = pathOf(command)
        const help = command.createHelp()
        const flags = help.visibleOptions(command).flatMap(({ long }) => long ?? [])
        expect(await inBash(`${path} --`), path).to.deep.equal(flags)
        if (command.commands.length === 0) continue
        const names = help.visibleCommands(command).map((each) => each.name())
        expect(await inBash(`${path} `), path).to.deep.equal(names)
      }
    })

    it('starts no program where it looks nobody up', async () => {
      for (const [, typed, offered] of OFFERS.filter(([does]) => !/contact|nobody/.test(does))) {
        const lines = await inBash(typed, 'sotto() { touch "$HOME/started"; }')
        expect(lines.map((word) => word.trimEnd())).to.deep.equal(offered)
      }
      expect(existsSync(join(folder.path, 'started'))).to.equal(false)
      await inBash('sotto send b', 'sotto() { touch "$HOME/started"; }')
      expect(existsSync(join(folder.path, 'started'))).to.equal(true)
    })
  })

  describe('bash, where names are none', () => {
    const ran = () => existsSync(join(folder.path, 'ran'))

    it('runs nothing that stands in the name of a folder among the profiles', async () => {
      const odd = join(folder.path, 'home', 'profiles', '$(touch ran)')
      await mkdir(odd)
      try {
        expect(await inBash('sotto whoami --profile w')).to.deep.equal(['work'])
      } finally {
        await rm(odd, { recursive: true })
      }
      expect(ran()).to.equal(false)
    })

    it('runs nothing that stands in the name of a contact', async () => {
      const known = "sotto() { printf '%s\\n' bob '$(touch ran)' '`touch ran`'; }"
      expect((await inBash('sotto send b', known)).map((word) => word.trimEnd())).to.deep.equal(['bob'])
      expect(ran()).to.equal(false)
    })
  })

  describe('fish', () => {
    if (!isInstalled('fish')) it('is tried where fish is installed')
    for (const [does, typed, offered] of OFFERS) {
      it(`completes ${does}`, async function () {
        if (!isInstalled('fish')) return this.skip()
        const script = `source ${scripts.get('fish')}; complete -C '${typed}'`
        const lines = await inShell('fish', '--no-config', '-c', script)
        expect(lines.map((line) => line.split('\t')[0])).to.deep.equal(offered)
      })
    }
  })

  describe('zsh', () => {
    if (!isInstalled('zsh') || !hasTmux()) it('is tried where zsh and tmux 3.2 or later are installed')
    let terminal: Tmux | undefined
    before(async function () {
      if (!isInstalled('zsh') || !hasTmux()) return this.skip()
      const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']))
      terminal = await Tmux.open(['zsh', '-f', '-i'], { columns: 100, rows: 24, env: variables })
      await terminal.type(`PATH='${env['PATH']}'; cd '${folder.path}'; PS1='> '; autoload -Uz compinit; compinit -u`)
      await terminal.press('Enter')
      await terminal.type(`source '${scripts.get('zsh')}'; setopt no_beep; clear`)
      await terminal.press('Enter')
      await terminal.until((rows) => rows.length === 1 && rows[0] === '>')
    })
    after(async () => {
      await terminal?.close()
    })

    for (const [does, typed, offered] of OFFERS) {
      it(`completes ${does}`, async function () {
        if (terminal === undefined) return this.skip()
        await terminal.press('C-u', 'C-l')
        await terminal.until((rows) => rows.length === 1 && rows[0] === '>')
        await terminal.type(typed)
        await terminal.press('Tab')
        // It is shown only when the completion is done.
        await terminal.type('!')
        const whole = offered[0] === undefined ? typed : typed.replace(/\S+$/, offered[0])
        const rows = await terminal.until(([row]) => row?.endsWith('!') === true)
        expect(rows[0]?.replace(/ ?!$/, '')).to.equal(`> ${whole}`)
      })
    }
  })
})

async function profileWith(home: string, name: string, contacts: readonly string[]): Promise<Profile> {
  const profile = await Profile.openOrCreate(home, name)
  const pin = { identityKey: new Uint8Array(32), pinnedAtMs: 0, verifiedAtMs: undefined, changedTo: undefined }
  await profile.update((state) => ({ ...state, pins: new Map(contacts.map((contact) => [contact, pin])) }))
  return profile
}

function commandsOf(command: Command): Command[] {
  const visible = command.createHelp().visibleCommands(command)
  return [command, ...visible.filter((each) => each.parent !== null).flatMap(commandsOf)]
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
