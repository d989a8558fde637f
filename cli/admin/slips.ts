/**
 * The sheet of slips for a class: a page of HTML that stands alone, to be printed and cut up, with a slip for each person.
 *
 * @module
 */
import { renderSVG } from 'uqr'

/** What is on a slip. */
export interface Slip {
  readonly name: string | undefined
  readonly displayName: string
  readonly link: string
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** What each person types. */
const JOIN = 'sotto join'
const CHAT = 'sotto chat'

const STYLE = `
  @page { size: A4; margin: 12mm }
  * { box-sizing: border-box }
  body { margin: 0 auto; max-width: 186mm; font: 10.5pt/1.4 system-ui, sans-serif; color: #000; background: #fff }
  section { display: flex; gap: 6mm; padding: 6mm 2mm; border-bottom: 1px dashed #888; break-inside: avoid }
  svg { flex: none; width: 40mm; height: 40mm }
  h2 { margin: 0; font-size: 14pt; overflow-wrap: anywhere }
  ol { margin: 2mm 0; padding-left: 5mm }
  code { font: 9pt/1.3 ui-monospace, monospace; overflow-wrap: anywhere }
  p { margin: 0; color: #444; font-size: 9pt }`

/** The page. Whoever reads it can join in the name of anybody on it. */
export function slipsPage(slips: readonly Slip[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Invites to Sotto</title>
<style>${STYLE}
</style>
${slips.map(slipOf).join('')}</html>
`
}

function slipOf({ name = '', displayName, link, expiresAtMs }: Slip): string {
  const until = new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ')
  const whom = displayName === '' ? name : `${displayName} (${name})`
  return `<section>
${renderSVG(link, { ecc: 'M', border: 2 })}
<div>
<h2><bdi>${escapeHtml(whom)}</bdi></h2>
<ol>
<li>Type <code>${JOIN}</code>, and give it this link:<br><code>${escapeHtml(link)}</code></li>
<li>Choose a password that nobody else knows.</li>
<li>Type <code>${CHAT}</code>.</li>
</ol>
<p>It works once, until ${until} UTC, for whoever has it: keep it to yourself.</p>
</div>
</section>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}
