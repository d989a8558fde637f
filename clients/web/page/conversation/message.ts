/**
 * One message of a transcript: a bubble with its text or its file, when it was written, and how far it has come.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import { Direction, type Message, MessageState } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { type IconName, icon } from '../icons.ts'
import { idText, model } from '../model.ts'
import { arrivalText, clockText, fullText } from '../time.ts'
import { fileCard } from './file-card.ts'
import { textOf } from './text.ts'

/** What stands under a message of one's own. */
const STATES: Readonly<Partial<Record<MessageState, readonly [IconName, string]>>> = {
  [MessageState.WAITING]: ['waiting', 'waits until both of you are online'],
  [MessageState.SENT]: ['tick', 'sent'],
  [MessageState.POSTED]: ['mail', 'posted: it lies in their mailbox'],
  [MessageState.DELIVERED]: ['ticks', 'delivered'],
  [MessageState.READ]: ['ticks', 'read'],
  [MessageState.DROPPED]: ['close', 'dropped: it goes to nobody'],
}

/** Messages of which all is shown, by position. */
const whole = new Set<bigint>()

/** @param isContinued - Whether it goes on what the same person said just before. */
export function messageRow(message: Message, isContinued: boolean): TemplateResult | typeof nothing {
  const { content, direction, writtenAt, storedAt } = message
  if (content?.$case === 'gap')
    return html`<p class="between">Messages are missing here: the store was changed from outside.</p>`
  // What became of an offer stands in its card.
  if (content === undefined || content.$case === 'fileStatus') return nothing
  const isOwn = direction === Direction.OUTGOING
  const isMarked = model.marked === message.position
  const late = !isOwn && writtenAt && storedAt ? arrivalText(writtenAt, storedAt) : undefined
  return html`<article class="message ${isOwn ? 'own' : 'theirs'} ${isContinued ? 'continued' : ''} ${isMarked ? 'marked' : ''}"
    aria-label="${isOwn ? 'You' : message.contact}">
    <div class="bubble">
      ${content.$case === 'text' ? textOf(content.value, whole.has(message.position), () => showWhole(message)) : fileCard(idText(message.id), content.value, isOwn)}
    </div>
    <footer>
      ${message.letter ? html`<span>by letter,</span>` : nothing}
      ${late ? html`<span>${late},</span> <span>written</span>` : nothing}
      ${writtenAt ? html`<time datetime=${writtenAt.toISOString()} title=${fullText(writtenAt)}>${clockText(writtenAt)}</time>` : nothing}
      ${isOwn ? stateMark(message) : nothing}
    </footer>
  </article>`
}

function stateMark(message: Message): TemplateResult | typeof nothing {
  const state = model.stateOf(message)
  const [name, meaning] = STATES[state] ?? []
  if (name === undefined) return nothing
  const words =
    message.formerKey && state === MessageState.WAITING ? 'waits for a key that they no longer have' : meaning
  return html`<span class="ticks ${state === MessageState.READ ? 'read' : ''}" role="img" aria-label=${words} title=${words}>${icon(name)}</span>`
}

function showWhole({ position }: Message): void {
  whole.add(position)
  model.changed()
}
