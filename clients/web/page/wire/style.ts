/** The look of the wire view, around the diagram. It stands by itself, and takes the page's colours where there are some. */
import { css } from 'lit'

export const style = css`
  :host {
    --w-paper: var(--surface, light-dark(#ffffff, #171d1c));
    --w-ground: var(--ground, light-dark(#f4f5f4, #0f1413));
    --w-line: var(--line, light-dark(#dfe4e2, #2b3433));
    --w-ink: var(--text, light-dark(#17201e, #e9eeec));
    --w-dim: var(--dim, light-dark(#5b6663, #9aa6a3));
    --w-accent: var(--accent, light-dark(#0f766e, #2dd4bf));
    --w-mark: var(--mark, light-dark(#fde68a, #6b5a12));
    --w-sealed: light-dark(#6d28d9, #b794f6);
    --w-secret: light-dark(#8a5a00, #f0b352);
    --w-alarm: var(--danger, light-dark(#b42318, #ff8a80));
    --w-mono: var(--mono, ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace);
    display: block;
    color: var(--w-ink);
    font: 15px / 1.45 var(--font, system-ui, sans-serif);
    container-type: inline-size;
  }
  * { box-sizing: border-box; }
  h2 { font-size: 1.05em; margin: 0 0 0.3em; }
  h3 { font-size: 0.95em; margin: 1.2em 0 0.4em; }
  p { margin: 0 0 0.4em; }
  .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .toolbar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 6px; padding: 8px 0; background: var(--w-ground); }
  button, select, .button { font: inherit; font-size: 0.92em; color: inherit; background: var(--w-paper); border: 1px solid var(--w-line); border-radius: 9px; padding: 5px 10px; min-height: 34px; cursor: pointer; max-width: 100%; }
  .button { display: inline-flex; align-items: center; }
  button:disabled { opacity: 0.4; cursor: default; }
  button:hover:not(:disabled), .button:hover { border-color: var(--w-accent); }
  button:focus-visible, select:focus-visible, .button:focus-within, pre:focus-visible, .hex:focus-visible { outline: 2px solid var(--w-accent); outline-offset: 1px; }
  .play { background: var(--w-accent); color: var(--on-accent, light-dark(#ffffff, #05201d)); border-color: transparent; min-width: 44px; }
  output { font-family: var(--w-mono); color: var(--w-dim); min-width: 5em; text-align: center; }
  .eyes { white-space: nowrap; display: flex; align-items: center; gap: 6px; flex: 0 1 auto; min-width: 0; }
  .eyes select { min-width: 0; }
  .files { margin-left: auto; display: flex; gap: 6px; flex-wrap: wrap; }
  .adversary { padding: 8px 12px; border-left: 3px solid var(--w-alarm); background: var(--w-paper); border-radius: 0 9px 9px 0; font-size: 0.92em; }
  .alarm { color: var(--w-alarm); }
  .panes { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 12px; align-items: start; }
  .stage, .detail, .knowledge { background: var(--w-paper); border: 1px solid var(--w-line); border-radius: 14px; padding: 12px; min-width: 0; }
  .stage { overflow-x: auto; padding: 8px 0; }
  .detail { position: sticky; top: 58px; max-height: calc(100dvh - 80px); overflow-y: auto; }
  .knowledge { margin-top: 12px; }
  .knowledge:empty { display: none; }
  @container (max-width: 820px) {
    .panes { grid-template-columns: minmax(0, 1fr); }
    .detail { position: static; max-height: none; }
    .files { margin-left: 0; }
  }
  .legend { color: var(--w-dim); font-size: 0.82em; margin: 0.5em 0 0; }
  .key { padding: 0 12px; display: flex; flex-wrap: wrap; gap: 4px 14px; }
  .key span::before { content: "▬ "; }
  .key .tls::before { color: light-dark(#0f766e, #2dd4bf); }
  .key .clear::before { color: light-dark(#a15c00, #f0b352); }
  .key .channel::before { color: var(--w-sealed); }
  .method { font-family: var(--w-mono); font-size: 0.8em; color: var(--w-dim); overflow-wrap: anywhere; }
  .who { font-size: 0.92em; }
  .fields { display: grid; gap: 2px; margin-top: 8px; }
  .field { display: grid; grid-template-columns: minmax(7.5em, 34%) minmax(0, 1fr) auto; gap: 0 10px; text-align: left; border: 0; border-left: 3px solid var(--w-line); border-radius: 0 8px 8px 0; padding: 3px 8px; min-height: 0; font-family: var(--w-mono); font-size: 0.8em; background: transparent; }
  .field:hover { background: color-mix(in srgb, var(--w-accent) 8%, transparent); }
  .field.secret { border-left-color: var(--w-secret); }
  .field.sealed { border-left-color: var(--w-sealed); }
  .field.marked, .piece.marked { background: var(--w-mark); }
  .field.unreadable { opacity: 0.45; }
  .depth-1 { margin-left: 18px; }
  .depth-2 { margin-left: 36px; }
  .depth-3 { margin-left: 54px; }
  .field-name { font-weight: 600; overflow-wrap: anywhere; }
  .value { overflow-wrap: anywhere; }
  .secret .value { color: var(--w-secret); }
  .sealed .value { color: var(--w-sealed); }
  .size { color: var(--w-dim); }
  .note, .seal { grid-column: 1 / -1; color: var(--w-dim); font-family: var(--font, system-ui, sans-serif); }
  .seal { color: var(--w-sealed); }
  .hex { font: 12px / 1.7 var(--w-mono); overflow-wrap: anywhere; max-height: 17em; overflow-y: auto; padding: 8px; border-radius: 9px; background: var(--w-ground); }
  .piece { cursor: pointer; border-radius: 4px; padding: 1px 2px; background: color-mix(in srgb, var(--w-accent) 10%, transparent); }
  .piece.unreadable, .frame { color: var(--w-dim); background: none; }
  .recompute { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
  .recompute p { font-size: 0.86em; overflow-wrap: anywhere; }
  pre { margin: 0; font: 12px / 1.5 var(--w-mono); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 8em; overflow-y: auto; background: var(--w-ground); border-radius: 9px; padding: 8px; }
  .prints { display: flex; gap: 10px; align-items: center; justify-content: space-between; margin-top: 4px; }
  .prints span { overflow-wrap: anywhere; min-width: 0; }
  .prints button { flex: none; }
  code { font-family: var(--w-mono); }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-size: 0.88em; }
  th, td { padding: 5px 8px; border-bottom: 1px solid var(--w-line); text-align: center; font-weight: 400; }
  thead th { font-weight: 700; font-family: var(--w-mono); }
  tbody th { text-align: left; }
  tr.secret th { color: var(--w-secret); }
  .knows { color: var(--w-accent); }
  .knows.new { background: var(--w-mark); }
`
