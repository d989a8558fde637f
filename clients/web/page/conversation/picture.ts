/**
 * Pictures in place: raster images of a bounded size, which the browser decodes from the bytes that the client has. What an
 * image is, its first bytes say, and not its name; SVG and HTML, which could do more than be looked at, are none.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import type { FileOffer } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { call } from '../client/rpc.ts'
import { model } from '../model.ts'
import { MOST_MESSAGES } from '../window.ts'
import { HeldPictures } from './held-pictures.ts'

/** How large the file of a picture may be, in bytes. */
const MOST_BYTES = 10_000_000

/** How many of its pixels there may be: what decodes into more than 160 MB is no picture to show beside a text. */
const MOST_PIXELS = 40_000_000

const NAME = /\.(?:png|jpe?g|gif|webp|avif)$/i

/** How each kind begins: the bytes from an offset, as Latin-1. */
const KINDS = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
] as const

const held = new HeldPictures(MOST_MESSAGES, (address) => URL.revokeObjectURL(address))

/** The picture of a transfer whose file is whole here, if it is one. */
export function pictureOf(
  id: string,
  idBytes: Uint8Array,
  { name, size, files }: FileOffer,
): TemplateResult | typeof nothing {
  if (files !== undefined || size > MOST_BYTES || !NAME.test(name)) return nothing
  const address = held.draw(id, () => void fetchPicture(id, idBytes).catch(() => {}))
  return address === undefined ? nothing : html`<img class="picture" src=${address} alt=${name}>`
}

async function fetchPicture(id: string, idBytes: Uint8Array): Promise<void> {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for (let offset = 0; offset <= MOST_BYTES; ) {
    const { data } = await call('getBytes', { id: idBytes, offset: BigInt(offset) })
    if (data.length === 0) break
    pieces.push(Uint8Array.from(data))
    offset += data.length
  }
  const type = kindOf(pieces[0])
  if (type === undefined) return
  const address = URL.createObjectURL(new Blob(pieces, { type }))
  // What begins like a picture need not be one.
  if ((await pixelsOf(address).catch(() => Number.POSITIVE_INFINITY)) > MOST_PIXELS) {
    URL.revokeObjectURL(address)
    return
  }
  held.add(id, address)
  model.changed()
}

/** How many pixels a picture has: the browser reads that before it decodes them, which it does when it paints them. */
function pixelsOf(address: string): Promise<number> {
  const image = new Image()
  image.src = address
  return new Promise((resolve, reject) => {
    image.onload = () => resolve(image.naturalWidth * image.naturalHeight)
    image.onerror = reject
  })
}

function kindOf(bytes = new Uint8Array()): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16))
  return KINDS.find(([, offset, beginning]) => head.startsWith(beginning, offset))?.[0]
}
