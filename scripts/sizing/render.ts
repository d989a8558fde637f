/**
 * What the sizing program says, as Markdown: the same for a terminal and for docs/operations.md.
 *
 * @module
 */
import type { Figures } from './figures.ts'
import { badMorning, DATABASE_CONNECTIONS, limitsOf, type Plan, planFor } from './sizing.ts'

/** The sizes that the document has. */
export const SIZES = [10, 300, 10_000, 100_000] as const

const round = (figure: number) => Number(figure.toPrecision(2)).toLocaleString('en')
const whole = (figure: number) => figure.toLocaleString('en')

/** The tables for these numbers of people. */
export function render(sizes: readonly number[], figures: Figures): string {
  const plans = sizes.map((people) => planFor(people, figures))
  const [first] = limitsOf(figures)
  return [
    '| what gives way | with one of each, at | what to add |',
    '| --- | ---: | --- |',
    ...limitsOf(figures).map(({ what, people, add }) => `| ${what} | ${round(people)} people | ${add} |`),
    '',
    `First: ${first?.what}, at ${round(first?.people ?? 0)} people.`,
    '',
    '| people | auths | directories | memory of each, beside 40 MB | relays | memory of each, beside 40 MB | database |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    ...plans.map(rowOf),
    '',
    '| people | all come at once: online in | nobody has a session: signed in after | a directory lost: its people | are back in |',
    '| ---: | ---: | ---: | ---: | ---: |',
    ...plans.map((plan) => {
      const { onlineSeconds, signedInSeconds, lost, backSeconds } = badMorning(plan, figures)
      return `| ${whole(plan.people)} | ${time(onlineSeconds)} | ${time(signedInSeconds)} | ${whole(lost)} | ${time(backSeconds)} |`
    }),
  ].join('\n')
}

function rowOf({
  people,
  auths,
  directories,
  memoryBytes,
  relays,
  relayMemoryBytes,
  databaseConnections,
}: Plan): string {
  const [ofDirectory, ofRelay] = [memoryBytes, relayMemoryBytes].map((bytes) => `${round(bytes / 1e6)} MB`)
  return `| ${whole(people)} | ${auths} | ${directories} | ${ofDirectory} | ${relays} | ${ofRelay} | ${databaseOf(databaseConnections)} |`
}

function databaseOf(connections: number | undefined): string {
  if (connections === undefined) return 'SQLite'
  if (connections <= DATABASE_CONNECTIONS) return 'PostgreSQL as it is'
  return `PostgreSQL with max_connections of ${Math.ceil(connections / 10) * 10 + 10} or more`
}

function time(seconds: number): string {
  if (seconds < 1) return 'a second'
  return seconds < 120 ? `${round(seconds)} s` : `${round(seconds / 60)} min`
}
