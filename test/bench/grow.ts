/** What a long history costs: at the start, for a text, in memory, to search and to export. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fillHistory, RARE_WORD } from '../support/history.ts'
import { TestProcess } from '../support/processes.ts'
import { signUp, startPerson, startServices } from './actors/people.ts'
import { sottoCommand, sottoEnvironment, timeSotto } from './actors/sotto.ts'
import type { Bench, Case } from './framework/bench.ts'
import { timeCommand } from './references/command.ts'
import { canLookAtProcesses, residentMegabytes } from './references/memory.ts'

/** How many messages profiles have received. */
const SIZES = [0, 10_000, 500_000] as const

/** How many the one has that is searched and exported. */
const SEARCHED = 100_000

const counted = (messages: number): string => `${messages.toLocaleString('en')} messages`

export const grow: Bench = {
  name: 'grow',
  work: `Whole commands with a history of ${SIZES.map((size) => size.toLocaleString('en')).join(', ')} messages; search and export of ${SEARCHED.toLocaleString('en')}`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined || !canLookAtProcesses(context)) return []
    const services = await startServices(context)
    await signUp(services, home, 'grow-bob')
    await startPerson(context, home, 'grow-bob')
    const cases: Case[] = []
    for (const size of SIZES) {
      const [name, messages] = [`grow-${size}`, size === 0 ? 0 : context.amount(size)]
      context.note(`filling a history of ${counted(messages)}`)
      await signUp(services, home, name)
      await fillHistory(home, name, messages)
      const send = () => timeSotto(home, ['send', 'grow-bob', 'hi', '--profile', name])
      await send()
      const against = (what: string) => (size === SIZES[0] ? [] : [{ to: `${what}, ${counted(0)}` }])
      cases.push(
        {
          rows: [{ case: `sotto send, ${counted(messages)}`, unit: 'ms', against: against('sotto send') }],
          measure: async () => [await send()],
        },
        {
          rows: [
            {
              case: `sotto chat until online, ${counted(messages)}`,
              unit: 'ms',
              against: against('sotto chat until online'),
            },
            {
              case: `memory of sotto chat, ${counted(messages)}`,
              unit: 'MB',
              against: against('memory of sotto chat'),
            },
          ],
          measure: () => startChat(home, name),
        },
      )
    }
    const messages = context.amount(SEARCHED)
    context.note(`filling a history of ${counted(messages)}`)
    await signUp(services, home, 'grow-search')
    await fillHistory(home, 'grow-search', messages)
    const profile = ['--profile', 'grow-search']
    const plain = join(home, 'export.jsonl')
    {
      await using file = await open(plain, 'w')
      const program = new TestProcess(sottoCommand(), ['export', '--json', ...profile], { env: sottoEnvironment(home) })
      await program.ended
      await file.write(program.output.text)
    }
    const [grep, cat] = ['grep in the plain text', 'cat of the plain text']
    const command = (
      name: string,
      run: () => Promise<number>,
      compared: Omit<Case['rows'][number], 'case' | 'unit'>,
    ) => {
      cases.push({ rows: [{ case: name, unit: 's', ...compared }], measure: async () => [(await run()) / 1_000] })
    }
    const search = () => timeSotto(home, ['search', RARE_WORD.toLowerCase(), ...profile])
    const whole = () => timeSotto(home, ['export', '--json', ...profile])
    command(`sotto search, ${counted(messages)}`, search, { against: [{ to: grep }], bar: { atMost: 0.4 } })
    command(grep, () => timeCommand('grep', ['-ci', RARE_WORD, plain]), {})
    command(`sotto export, ${counted(messages)}`, whole, { against: [{ to: cat }], bar: { atMost: 1 } })
    command(cat, () => timeCommand('cat', [plain]), {})
    return cases
  },
}

/** Start a chat and end it. @returns the milliseconds until it is online, and its memory then, in MB. */
async function startChat(home: string, profile: string): Promise<readonly number[]> {
  const beganMs = performance.now()
  const args = ['chat', '--json', '--profile', profile, '--listen', '127.0.0.1']
  const chat = new TestProcess(sottoCommand(), args, { env: sottoEnvironment(home), input: 'open' })
  try {
    await chat.output.until((text) => text.includes('"type":"online"'))
    const tookMs = performance.now() - beganMs
    return [tookMs, await residentMegabytes(chat.pid)]
  } finally {
    chat.signal('SIGTERM')
    await chat.ended
  }
}
