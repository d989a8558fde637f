/**
 * The outcomes of attacks as tables: one for the terminal, with a line for each attack on each listener, and one for a
 * document, with a line for each attack.
 *
 * @module
 */
import { formatFigure } from '../bench/framework/format.ts'
import type { Outcome } from './run-attack.ts'

/** What a connection may last beyond its bound, in seconds: issue and documentation promise it. */
export const PROMISE_SECONDS = 2

/** Whether an attack was cut in time, and counted as it should be, and nobody else failed. */
export function isHeld(outcome: Outcome, promiseSeconds = PROMISE_SECONDS): boolean {
  const { cutSeconds, boundSeconds, failed, counted, reasons } = outcome
  const isCounted = counted === undefined || reasons.length === 0 || reasons.some((reason) => reason in counted)
  return cutSeconds <= boundSeconds + promiseSeconds && failed === 0 && isCounted
}

const seconds = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : 'never')

/** The bound of an attack, with the times that listeners have for it. */
function boundOf(outcomes: readonly Outcome[]): string {
  const times = [...new Set(outcomes.map(({ boundSeconds }) => boundSeconds))].filter((time) => time > 0)
  return [times.map((time) => `${time} s`).join(' or '), outcomes[0]?.bound ?? ''].join(' ').trim()
}

/** A line for the terminal. */
export function terminalLine(outcome: Outcome): string {
  const { attack, listener, cutSeconds, memoryMib, p99Ms, failed, counted } = outcome
  const cells = [
    attack.padEnd(50),
    listener.padEnd(9),
    counted === undefined && cutSeconds === 0 ? ''.padStart(12) : `cut ${seconds(cutSeconds)} s`.padStart(12),
    (memoryMib === undefined ? '' : `${memoryMib.toFixed(0)} MiB`).padStart(8),
    `p99 ${formatFigure(p99Ms)} ms`.padStart(13),
    Object.keys(counted ?? {}).join(', '),
  ]
  const notes = [
    ...(failed > 0 ? [`${failed} calls of the other user failed`] : []),
    ...(isHeld(outcome) ? [] : ['NOT HELD']),
  ]
  return [...cells, ...notes].join('  ').trimEnd()
}

/** The table for a document. @param under - The line below it. */
export function markdownTable(outcomes: readonly Outcome[], under: string): string {
  const listeners = [...new Set(outcomes.map(({ listener }) => listener))]
  const byAttack = Map.groupBy(outcomes, ({ attack }) => attack)
  const rows = [...byAttack].map(([attack, all]) => {
    const at = (name: string) => all.find(({ listener }) => listener === name)
    const memory = all.flatMap(({ memoryMib }) => memoryMib ?? [])
    const cuts = listeners.map((name) => {
      const outcome = at(name)
      return outcome === undefined || outcome.bound === '' ? '' : seconds(outcome.cutSeconds)
    })
    const most = memory.length === 0 ? '' : Math.max(...memory).toFixed(0)
    const cells = [attack, boundOf(all), ...cuts, most, formatFigure(Math.max(...all.map(({ p99Ms }) => p99Ms)))]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `| attack | bound | ${listeners.map((name) => `${name}, cut after (s)`).join(' | ')} | memory (MiB) | another user, 99 % (ms) |`,
    `| --- | --- |${' ---: |'.repeat(listeners.length + 2)}`,
    ...rows,
    '',
    under,
  ].join('\n')
}
