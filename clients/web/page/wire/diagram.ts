/**
 * The sequence diagram: a lane for each party, an arrow for each message.
 *
 * @module
 */
import { css, nothing, type SVGTemplateResult, svg } from 'lit'
import type { Reader } from '../../wire/adversaries.ts'
import { isRelayed } from '../../wire/knowledge.ts'
import { reads } from '../../wire/readable.ts'
import type { Message } from '../../wire/trace-file.ts'

export interface DiagramOptions {
  readonly messages: readonly Message[]
  readonly parties: readonly string[]
  /** How many messages have passed by now. */
  readonly shown: number
  readonly selected: number | undefined
  /** The adversary, if one is chosen: what it can read lights up. */
  readonly reader: Reader | undefined
  /** In CSS pixels. */
  readonly width: number
  readonly select: (index: number) => void
}

/** Measures in CSS pixels. */
const HEAD = 44
const ROW = 48
const EDGE = 44
const MIN_LANE = 74
/** The width of a character of a label, about. */
const CHARACTER = 6.4

export const NUMERALS: readonly string[] = ['', '①', '②', '③', '④', '⑤']

export function diagram(options: DiagramOptions): SVGTemplateResult {
  const { messages, parties, shown } = options
  const gaps = Math.max(0, parties.length - 1)
  const lane = Math.max(MIN_LANE, (options.width - 2 * EDGE) / Math.max(1, gaps))
  const width = 2 * EDGE + lane * gaps
  const height = HEAD + ROW * messages.length + 20
  const places = new Map(parties.map((name, index) => [name, EDGE + lane * index]))
  return svg`
    <svg class="diagram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="Sequence diagram of ${shown} messages">
      ${[...places].map(
        ([name, x]) => svg`
          <line class="lane" x1="${x}" y1="${HEAD - 6}" x2="${x}" y2="${height}"></line>
          <rect class="head" x="${x - 38}" y="8" width="76" height="26" rx="13"></rect>
          <text class="name" x="${x}" y="25">${name}</text>`,
      )}
      ${messages.slice(0, shown).map((message, index) => arrow(message, index, places, { ...options, width }))}
    </svg>`
}

function arrow(
  message: Message,
  index: number,
  places: ReadonlyMap<string, number>,
  { reader, selected, select, width }: DiagramOptions,
): SVGTemplateResult {
  const from = places.get(message.from)
  const to = places.get(message.to)
  // Whoever has shown no name has no lane: the arrow ends beside the other one's.
  const [x1, x2] = [from ?? (to ?? width) - 70, to ?? (from ?? width) - 70]
  const y = HEAD + ROW * index + 32
  const way = Math.sign(x2 - x1) || 1
  const middle = (x1 + x2) / 2
  const seen = reader === undefined ? '' : reads(message, reader) ? 'lit' : 'dark'
  const title = `${NUMERALS[message.step] ?? ''} ${message.message}`
  const label = cut(title, (width - 16) / CHARACTER)
  const half = (label.length * CHARACTER) / 2
  const at = Math.min(Math.max(middle, half + 6), width - half - 6)
  const relay = isRelayed(message) ? places.get('relay') : undefined
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    select(index)
  }
  return svg`
    <g class="message ${lookOf(message)} ${seen}" role="button" tabindex="0" aria-pressed="${index === selected}"
      aria-label="${index + 1}: ${title}, ${message.from} to ${message.to}" @click=${() => select(index)} @keydown=${press}>
      <rect class="band" x="2" y="${y - 29}" width="${width - 4}" height="${ROW - 4}" rx="8"></rect>
      <text class="label" x="${at}" y="${y - 12}">${label}</text>
      <line class="way" x1="${x1}" y1="${y}" x2="${x2 - 7 * way}" y2="${y}"></line>
 ${relay === undefined ? nothing : svg`<circle class="relay" cx="${relay}" cy="${y}" r="5"><title>carried by the relay</title></circle>`}
      <path class="tip" d="M ${x2} ${y} l ${-10 * way} -5 v 10 z"></path>
      ${lookOf(message) === 'clear' ? nothing : svg`<path class="lock" d="M ${middle - 5} ${y - 1} h 10 v 8 h -10 z M ${middle - 3} ${y - 1} v -3 a 3 3 0 0 1 6 0 v 3"></path>`}
    </g>`
}

/** Whether it travels under TLS, sealed from person to person, or in the clear with sealed parts. */
export function lookOf({ seal, fields }: Message): 'tls' | 'channel' | 'clear' {
  if (seal !== undefined) return 'tls'
  return fields.some((field) => field.name === 'record') ? 'channel' : 'clear'
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, Math.floor(room) - 1))}…`
}

/** Its look, which stands in a saved diagram, too. */
export const diagramStyle = css`
  svg.diagram {
    --ink: light-dark(#17201e, #e9eeec);
    --faint: light-dark(#c9d1ce, #3a4644);
    --paper: light-dark(#ffffff, #171d1c);
    --tls: light-dark(#0f766e, #2dd4bf);
    --sealed: light-dark(#6d28d9, #b794f6);
    --open: light-dark(#a15c00, #f0b352);
    --alarm: light-dark(#b42318, #ff8a80);
    color-scheme: inherit;
    display: block;
    font: 12px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    margin: 0 auto;
  }
  .lane { stroke: var(--faint); stroke-dasharray: 2 4; }
  .head { fill: var(--paper); stroke: var(--faint); }
  .name { fill: var(--ink); font-weight: 700; text-anchor: middle; }
  .message { --colour: var(--tls); cursor: pointer; outline: none; }
  .message.channel { --colour: var(--sealed); }
  .message.clear { --colour: var(--open); }
  .message.lit { --colour: var(--alarm); }
  .message.dark { opacity: 0.32; }
  .band { fill: transparent; stroke: none; }
  .message:hover .band { fill: color-mix(in srgb, var(--colour) 7%, transparent); }
  .message[aria-pressed="true"] .band { fill: color-mix(in srgb, var(--colour) 14%, transparent); }
  .message:focus-visible .band { stroke: var(--colour); stroke-width: 2; }
  .label { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4; stroke-linejoin: round; text-anchor: middle; }
  .way { stroke: var(--colour); stroke-width: 2; }
  .tip { fill: var(--colour); }
  .relay { fill: var(--paper); stroke: var(--colour); stroke-width: 2; }
  .lock { fill: var(--paper); stroke: var(--colour); stroke-width: 1.5; }
`
