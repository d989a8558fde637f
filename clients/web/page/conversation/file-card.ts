/**
 * A file in a transcript: its name and size, what one can do about it, and how far it has come.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import { Answer, type FileOffer, type Transfer, TransferState } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { call } from '../client/rpc.ts'
import { icon } from '../icons.ts'
import { model } from '../model.ts'
import { paceText, sizeText } from '../time.ts'
import { pictureOf } from './picture.ts'

const STATES: Readonly<Partial<Record<TransferState, string>>> = {
  [TransferState.DECLINED]: 'declined',
  [TransferState.CANCELLED]: 'cancelled',
  [TransferState.SAVE_FAILED]: 'could not be saved',
  [TransferState.DAMAGED]: 'came damaged',
  [TransferState.SOURCE_CHANGED]: 'was changed or removed before it was there',
}

/** Where transfers were when they were last drawn, to reckon how fast they go. */
const paces = new Map<string, { position: number; atMs: number; perSecond: number }>()

export function fileCard(id: string, offer: FileOffer, isOwn: boolean): TemplateResult {
  const { name, size, files } = offer
  const transfer = model.transfers.get(id)
  const isHere = transfer?.state === TransferState.RECEIVED || (isOwn && transfer?.path !== '')
  return html`${transfer !== undefined && isHere ? pictureOf(id, transfer.id, offer) : nothing}<div class="file">
    <span class="kind">${icon(files === undefined ? 'file' : 'folder')}</span>
    <div class="about">
      <bdi class="filename">${name}</bdi>
      <span class="detail" title=${transfer?.path || nothing}>${detailOf(transfer, Number(size), files, isOwn)}</span>
    </div>
    ${transfer === undefined ? nothing : actionsOf(transfer, isOwn)}
    ${transfer?.state === TransferState.ACCEPTED ? html`<progress max=${Number(size) || 1} value=${Number(transfer.position)} aria-label="Progress"></progress>` : nothing}
  </div>`
}

function detailOf(transfer: Transfer | undefined, size: number, files: bigint | undefined, isOwn: boolean): string {
  const what = files === undefined ? sizeText(size) : `${files} ${files === 1n ? 'file' : 'files'}, ${sizeText(size)}`
  if (transfer === undefined) return what
  const { state, paused, path } = transfer
  if (state === TransferState.OFFERED) return isOwn ? `${what}, waits for an answer` : what
  if (state === TransferState.RECEIVED) return isOwn ? `${what}, received` : `${what}, saved in ${folderOf(path)}`
  if (state !== TransferState.ACCEPTED) return `${what}, ${STATES[state] ?? ''}`
  if (paused) return `${what}, waits for room on the disk`
  const perSecond = paceOf(transfer)
  const left = size - Number(transfer.position)
  return perSecond > 0 ? `${sizeText(Number(transfer.position))} of ${what}, ${paceText(perSecond, left)}` : what
}

/** The folder of a path, by its last part. */
function folderOf(path: string): string {
  return path.split('/').at(-2) || '/'
}

/** How many bytes a second a transfer makes, smoothed; 0 where that is not known yet. */
function paceOf({ id, position }: Transfer): number {
  const key = String(id)
  const [now, at] = [performance.now(), Number(position)]
  const before = paces.get(key)
  if (before === undefined) paces.set(key, { position: at, atMs: now, perSecond: 0 })
  else if (now - before.atMs > 500 && at > before.position) {
    const current = ((at - before.position) * 1_000) / (now - before.atMs)
    before.perSecond = before.perSecond === 0 ? current : (before.perSecond + current) / 2
    Object.assign(before, { position: at, atMs: now })
  }
  return before?.perSecond ?? 0
}

function actionsOf({ id, state, name }: Transfer, isOwn: boolean): TemplateResult | typeof nothing {
  const answer = (answer: Answer) => () => void model.try(() => call('answerOffer', { id, answer }))
  if (state === TransferState.OFFERED && !isOwn) {
    return html`<div class="actions">
      <button class="primary" @click=${answer(Answer.ACCEPT)}>Accept<span class="hidden"> ${name}</span></button>
      <button @click=${answer(Answer.DECLINE)}>Decline<span class="hidden"> ${name}</span></button>
    </div>`
  }
  if (state !== TransferState.OFFERED && state !== TransferState.ACCEPTED) return nothing
  return html`<button class="quiet" title="Cancel" aria-label="Cancel ${name}" @click=${answer(Answer.CANCEL)}>${icon('close')}</button>`
}
