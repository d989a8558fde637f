/**
 * `<sotto-wire>`: the messages of a trace as a diagram that one can step through, look into, and see with an adversary's
 * eyes.
 *
 * @module
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit'
import { ADVERSARIES, type Adversary, adversaryAsReader } from '../../wire/adversaries.ts'
import { knowledgeOf, partiesOf } from '../../wire/knowledge.ts'
import { recomputations } from '../../wire/recompute.ts'
import { type Message, readTrace } from '../../wire/trace-file.ts'
import { detail } from './detail.ts'
import { diagram, diagramStyle } from './diagram.ts'
import { saveHtml, saveJson, saveSvg } from './save.ts'
import { style } from './style.ts'
import { knowledgeTable, recomputeList } from './tables.ts'

/** How long a message stands before the next one, in milliseconds, at each speed. */
const SPEEDS: readonly (readonly [label: string, milliseconds: number])[] = [
  ['½ ×', 2_400],
  ['1 ×', 1_200],
  ['2 ×', 600],
  ['4 ×', 300],
]
const DEFAULT_SPEED = 1

class Wire extends LitElement {
  static override readonly styles = [style, diagramStyle]

  #trace: readonly Message[] = []
  /** What is shown where no file is open. */
  #given: readonly Message[] = []
  #isFile = false
  /** How many messages have passed by now. */
  #shown = 0
  #selected: number | undefined
  #adversary: Adversary | undefined
  #marked: string | undefined
  #copied: string | undefined
  #fault: string | undefined
  #speed = DEFAULT_SPEED
  #timer: number | undefined
  #width = 640
  /** Gets the file that a trace is saved in; undefined where there is nobody who has it. */
  template: (() => Promise<string>) | undefined
  readonly #resized = new ResizeObserver(([entry]) => {
    this.#width = entry?.contentRect.width ?? this.#width
    this.requestUpdate()
  })

  /**
   * The messages. One that comes is shown at once, unless somebody has gone back; the oldest may have gone. They wait while a
   * file is open.
   */
  set trace(messages: readonly Message[]) {
    this.#given = messages
    if (this.#isFile) return
    const gone = messages[0] === undefined ? 0 : Math.max(0, this.#trace.indexOf(messages[0]))
    const isAtEnd = this.#shown === this.#trace.length
    this.#trace = messages
    this.#shown = isAtEnd ? messages.length : Math.min(Math.max(0, this.#shown - gone), messages.length)
    const selected = (this.#selected ?? -1) - gone
    this.#selected = selected >= 0 && selected < messages.length ? selected : undefined
    this.requestUpdate()
  }

  get trace(): readonly Message[] {
    return this.#trace
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.addEventListener('keydown', this.#keys)
  }

  override firstUpdated(): void {
    const stage = this.renderRoot.querySelector('.stage')
    if (stage) this.#resized.observe(stage)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.removeEventListener('keydown', this.#keys)
    this.#pause()
    this.#resized.disconnect()
  }

  readonly #keys = (event: KeyboardEvent) => {
    const isInField = event.composedPath().some((node) => node instanceof HTMLSelectElement)
    if (isInField || event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'ArrowRight') this.#step(1)
    else if (event.key === 'ArrowLeft') this.#step(-1)
    else if (event.key === 'Home') this.#show(Math.min(1, this.#trace.length))
    else if (event.key === 'End') this.#show(this.#trace.length)
    else return
    event.preventDefault()
  }

  #show(count: number): void {
    this.#shown = Math.min(Math.max(count, 0), this.#trace.length)
    this.#selected = undefined
    this.#marked = undefined
    this.requestUpdate()
  }

  #step(by: 1 | -1): void {
    this.#pause()
    this.#show(this.#shown + by)
  }

  #play(): void {
    if (this.#timer !== undefined) {
      this.#pause()
      return
    }
    if (this.#shown === this.#trace.length) this.#show(0)
    this.#tick()
  }

  #tick(): void {
    this.#show(this.#shown + 1)
    const [, milliseconds] = SPEEDS[this.#speed] ?? ['', 1_200]
    this.#timer = this.#shown < this.#trace.length ? setTimeout(() => this.#tick(), milliseconds) : undefined
    this.requestUpdate()
  }

  #pause(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.requestUpdate()
  }

  async #open(input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? []
    if (file === undefined) return
    try {
      const messages = readTrace(await file.text())
      if (messages.length === 0) throw new TypeError('there is no message of a trace in it')
      this.#fault = undefined
      this.#isFile = true
      this.#trace = messages
      this.#show(messages.length)
    } catch (error) {
      this.#fault = `${file.name}: ${error instanceof Error ? error.message : 'cannot be read'}`
    }
    input.value = ''
    this.requestUpdate()
  }

  #close(): void {
    this.#pause()
    this.#isFile = false
    this.#trace = this.#given
    this.#show(this.#given.length)
  }

  async #saveHtml(): Promise<void> {
    try {
      saveHtml(this.#trace, (await this.template?.()) ?? '')
      this.#fault = undefined
    } catch {
      this.#fault = 'the client did not give the file to save it in: is it running?'
    }
    this.requestUpdate()
  }

  #copy(command: string): void {
    void navigator.clipboard.writeText(command).then(() => {
      this.#copied = command
      this.requestUpdate()
    })
  }

  override render(): TemplateResult {
    const parties = partiesOf(this.#trace)
    const index = this.#selected ?? this.#shown - 1
    const message = this.#trace[index]
    const adversary = this.#adversary
    return html`
      ${this.#toolbar()}
      ${adversary === undefined ? nothing : html`<p class="adversary"><b>It has</b> ${adversary.has.join(', ') || 'no key at all, only what passed'}. <b>It cannot</b> ${adversary.cannot}.</p>`}
      ${this.#fault === undefined ? nothing : html`<p class="adversary alarm" role="alert">${this.#fault}</p>`}
      <div class="panes">
        <section class="stage" aria-label="Messages">${diagram({
          messages: this.#trace,
          parties,
          shown: this.#shown,
          selected: index,
          reader: adversary && adversaryAsReader(adversary),
          width: this.#width,
          select: (chosen) => {
            this.#pause()
            this.#selected = chosen
            this.#marked = undefined
            this.requestUpdate()
          },
        })}
          <p class="legend key"><span class="tls">TLS to a service</span> <span class="clear">in the clear, with sealed parts</span> <span class="channel">sealed from person to person</span></p>
        </section>
        <section class="detail" aria-label="The chosen message" aria-live="polite">${
          message === undefined
            ? html`<p>Step forward, and the first message passes.</p>`
            : html`${detail({
                message,
                adversary,
                marked: this.#marked,
                mark: (field) => {
                  this.#marked = field
                  this.requestUpdate()
                },
              })}
              ${recomputeList(
                recomputations(this.#trace).filter((line) => line.message === index),
                this.#copied,
                (command) => this.#copy(command),
              )}`
        }</section>
      </div>
      <section class="knowledge">${knowledgeTable(knowledgeOf(this.#trace), parties, this.#shown)}</section>
    `
  }

  #toolbar(): TemplateResult {
    const isPlaying = this.#timer !== undefined
    const [count, all] = [this.#shown, this.#trace.length]
    const choose = (event: Event) => {
      const { value } = event.target as HTMLSelectElement
      this.#adversary = ADVERSARIES.find(({ id }) => id === value)
      this.requestUpdate()
    }
    const setSpeed = (event: Event) => {
      this.#speed = Number((event.target as HTMLSelectElement).value)
    }
    return html`
      <div class="toolbar" role="toolbar" aria-label="Playback">
        <button aria-label="Back to the beginning" ?disabled=${count === 0} @click=${() => this.#show(0)}>|◀</button>
        <button aria-label="One message back" ?disabled=${count === 0} @click=${() => this.#step(-1)}>◀</button>
        <button class="play" aria-label="${isPlaying ? 'Pause' : 'Play'}" @click=${() => this.#play()}>${isPlaying ? '❚❚' : '▶'}</button>
        <button aria-label="One message on" ?disabled=${count === all} @click=${() => this.#step(1)}>▶|</button>
        <output>${count} / ${all}</output>
        <label><span class="hidden">Speed</span><select @change=${setSpeed}>${SPEEDS.map(
          ([label], speed) => html`<option value="${speed}" ?selected=${speed === this.#speed}>${label}</option>`,
        )}</select></label>
        <label class="eyes">Seen by <select @change=${choose}>
          <option value="">all who take part</option>
          ${ADVERSARIES.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}
        </select></label>
        <span class="files">
          <button @click=${() => {
            const drawn = this.renderRoot.querySelector<SVGElement>('svg.diagram')
            if (drawn) saveSvg(drawn)
          }}>Save SVG</button>
          <button @click=${() => saveJson(this.#trace)}>Save JSON</button>
          ${this.template === undefined ? nothing : html`<button @click=${() => this.#saveHtml()}>Save HTML</button>`}
          <label class="button">Open<input class="hidden" type="file" accept=".jsonl,.json,.txt" @change=${(event: Event) => this.#open(event.target as HTMLInputElement)}></label>
          ${this.#isFile ? html`<button @click=${() => this.#close()}>Close the file</button>` : nothing}
        </span>
      </div>`
  }
}

customElements.define('sotto-wire', Wire)
