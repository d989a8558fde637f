/** Whether memory stays level while somebody sends as fast as they can to a program that takes it slowly. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { signUp, startServices } from './actors/people.ts'
import { sottoCommand, sottoEnvironment } from './actors/sotto.ts'
import { TEXT } from './framework/arrivals.ts'
import type { Bench, Case } from './framework/bench.ts'
import { canLookAtProcesses, residentMegabytes } from './references/memory.ts'

/** How long each case lasts, unless the run says otherwise, in seconds. */
const SECONDS = 20

/** How much a slow reader reads at a time, in bytes, and how often, in milliseconds. */
const [READ_BYTES, READ_EVERY_MS] = [16 * 1024, 100]

/** How long the receiver is stopped, and how long it runs then, in milliseconds. */
const [STOPPED_MS, RUNNING_MS] = [400, 100]

/** How many texts are handed to the sender at a time. */
const BLOCK = 500

/** How long the sender has to end, in milliseconds. */
const END_MS = 10_000

export const slowReader: Bench = {
  name: 'slow-reader',
  rounds: 2,
  work: `sotto send, fed with texts of 100 bytes as fast as it takes them, to a sotto receive whose output is read at ${(READ_BYTES * 10) / 1_024} KiB a second, and to one that is stopped four fifths of the time; profiles on disk`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined || !canLookAtProcesses(context)) return []
    const services = await startServices(context)
    const seconds = context.duration(SECONDS)
    const cases: Case[] = []
    for (const [name, what, hold] of [
      ['slow-read', 'a slow reader', readSlowly],
      ['slow-stop', 'a receiver that is stopped', stopOften],
    ] as const) {
      for (const person of [`${name}-bob`, `${name}-alice`]) await signUp(services, home, person)
      const rows = (['sotto receive', 'sotto send'] as const).flatMap((program) => {
        const early = `${program}, ${what}, after a third`
        return [
          { case: `${program}, ${what}, in the end`, unit: 'MB' as const, against: [{ to: early, atMost: 1.15 }] },
          { case: early, unit: 'MB' as const },
        ]
      })
      cases.push({
        rows: [...rows, { case: `texts that were taken, ${what}`, unit: 'texts/s' }],
        measure: () => flood(home, name, seconds, hold),
      })
    }
    return cases
  },
}

/** Send for so long, and look at the memory. @returns that of both ends, late and early each, and the texts a second. */
async function flood(
  home: string,
  name: string,
  seconds: number,
  hold: (receiver: ChildProcess, signal: AbortSignal) => Promise<void>,
): Promise<readonly number[]> {
  const start = (...args: string[]) => spawn(sottoCommand(), args, { env: sottoEnvironment(home), detached: true })
  const receiver = start('receive', '--profile', `${name}-bob`, '--listen', '127.0.0.1')
  // Its first words are that it is online.
  await once(receiver.stderr, 'data')
  const sender = start('send', `${name}-bob`, '--profile', `${name}-alice`)
  const over = new AbortController()
  sender.stdin.on('error', () => over.abort())
  for (const stream of [receiver.stderr, sender.stderr, sender.stdout]) stream.resume()
  try {
    const holding = hold(receiver, over.signal)
    const memory = watchMemory([receiver, sender], seconds, over.signal)
    const [texts, [ofReceiver = [], ofSender = []]] = await Promise.all([feed(sender, seconds), memory])
    over.abort()
    await holding
    sender.stdin.end()
    receiver.stdout.resume()
    await Promise.race([once(sender, 'exit'), setTimeout(END_MS, undefined, { ref: false })])
    return [...ofReceiver, ...ofSender, texts / seconds]
  } finally {
    over.abort()
    for (const program of [sender, receiver]) await kill(program)
  }
}

/** Say texts for so long, as fast as they are taken. @returns how many were. */
async function feed({ stdin }: ChildProcess, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000
  const block = Buffer.from(`${TEXT}\n`.repeat(BLOCK))
  let texts = 0
  while (performance.now() < endMs) {
    const isTaken = stdin?.write(block) === true
    texts += BLOCK
    if (isTaken) await setTimeout(0)
    else await Promise.race([once(stdin as NonNullable<typeof stdin>, 'drain'), setTimeout(endMs - performance.now())])
  }
  return texts
}

/** The most memory of each program in the last sixth, and in the sixth that ends with the first third. */
async function watchMemory(programs: readonly ChildProcess[], seconds: number, signal: AbortSignal) {
  const samples: number[][] = programs.map(() => [])
  const everyMs = Math.min(1_000, (seconds * 1_000) / 60)
  for (let count = 0; count < (seconds * 1_000) / everyMs && !signal.aborted; count += 1) {
    await setTimeout(everyMs)
    for (const [index, { pid = 0 }] of programs.entries()) samples[index]?.push(await residentMegabytes(pid))
  }
  return samples.map((all) => {
    const sixth = Math.ceil(all.length / 6)
    return [Math.max(...all.slice(-sixth)), Math.max(...all.slice(sixth, 2 * sixth))] as const
  })
}

async function readSlowly({ stdout }: ChildProcess, signal: AbortSignal): Promise<void> {
  stdout?.pause()
  while (!signal.aborted) {
    stdout?.read(READ_BYTES) ?? stdout?.read()
    await setTimeout(READ_EVERY_MS)
  }
}

async function stopOften({ pid = 0, stdout }: ChildProcess, signal: AbortSignal): Promise<void> {
  stdout?.resume()
  while (!signal.aborted) {
    await setTimeout(RUNNING_MS)
    process.kill(-pid, 'SIGSTOP')
    await setTimeout(STOPPED_MS)
    process.kill(-pid, 'SIGCONT')
  }
}

/** End a program and all that it has started. */
async function kill(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null || program.pid === undefined) return
  const ended = once(program, 'exit')
  process.kill(-program.pid, 'SIGKILL')
  await ended
}
