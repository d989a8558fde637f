/**
 * The pictures on buttons: strokes of one weight, in the colour of the text.
 *
 * @module
 */
import { svg, type TemplateResult } from 'lit'

const PATHS = {
  send: svg`<path d="M4 12 20 4l-5 16-3.5-6.500L4 12z"/>`,
  attach: svg`<path d="m20 11-8.5 8.500a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.700l-8.4 8.400a1.6 1.6 0 0 1-2.3-2.300L14.5 7.5"/>`,
  back: svg`<path d="m14 6-6 6 6 6"/>`,
  search: svg`<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4 4"/>`,
  shield: svg`<path d="M12 3.5 5 6v5.500c0 4.2 2.9 7.3 7 9 4.1-1.7 7-4.8 7-9V6l-7-2.500z"/>`,
  verified: svg`<path d="M12 3.5 5 6v5.500c0 4.2 2.9 7.3 7 9 4.1-1.7 7-4.8 7-9V6l-7-2.500z"/><path d="m8.8 11.8 2.3 2.4 4.2-4.6"/>`,
  warning: svg`<path d="M12 4 2.8 19.500h18.400L12 4zm0 6v4.500m0 2.500v.2"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  copy: svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>`,
  file: svg`<path d="M13.5 3.500H7a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9l-5.5-5.500zm0 0V9H19"/>`,
  folder: svg`<path d="M3.5 7.500v10a2 2 0 0 0 2 2h13a2 2 0 0 0 2-2V9.500a2 2 0 0 0-2-2h-7l-2-2.500h-4a2 2 0 0 0-2 2z"/>`,
  down: svg`<path d="M12 5v13m-5.5-5.500L12 18l5.5-5.5"/>`,
  bell: svg`<path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.5 1.500h-15L6 16.500zM10 20.500h4"/>`,
  wire: svg`<path d="M5 3.500v17M19 3.500v17M5 8.500h13m-3.5-3.500L18 8.500 14.500 12M19 16H6m3.500-3.500L6 16l3.500 3.500"/>`,
  more: svg`<circle cx="12" cy="6" r=".8"/><circle cx="12" cy="12" r=".8"/><circle cx="12" cy="18" r=".8"/>`,
  waiting: svg`<circle cx="12" cy="12" r="7.5"/><path d="M12 8v4.200l2.8 1.8"/>`,
  mail: svg`<rect x="4" y="6" width="16" height="12" rx="2"/><path d="m4.500 7.500 7.500 6 7.500-6"/>`,
  tick: svg`<path d="m5 12.5 4.5 4.500L19 7.5"/>`,
  ticks: svg`<path d="m2 12.5 4.5 4.500L16 7.500M11.5 17 21 7.5"/>`,
} as const

export type IconName = keyof typeof PATHS

export function icon(name: IconName): TemplateResult<2> | TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`
}
