/**
 * What a caller or a receiver sends over HTTP/2, cut where a message ends, so that one can be held, changed or kept.
 *
 * A unit is as many frames as it takes to end with a whole gRPC message, or one frame of anything else.
 *
 *     frame                                     gRPC message, in DATA frames
 *     0   3  length of what follows the 9       0  1  whether it is compressed
 *     3   1  type, 0 for DATA                   1  4  length
 *     5   4  stream, 0 for the link itself      5  n  the message
 *
 * @module
 */

export const FRAME_HEADER_BYTES = 9
export const PREFIX_BYTES = 5

/** What a caller begins with. */
const PREFACE_BYTES = 24
const DATA = 0
const STREAM_MASK = 0x7fff_ffff

export interface Unit {
  readonly bytes: Buffer
  /** Whether it is of the link, such as a ping: what waits for nobody. */
  readonly isOfLink: boolean
  /** The messages in it. */
  readonly messages: readonly Buffer[]
}

/** Cuts one direction of a connection that has one call. */
export class Units {
  #waiting = Buffer.alloc(0)
  #preface: number
  /** The frames of a message that has not ended. */
  #frames: Buffer[] = []
  #content = Buffer.alloc(0)

  /** @param isOfCaller - A caller begins with a preface. */
  constructor(isOfCaller: boolean) {
    this.#preface = isOfCaller ? PREFACE_BYTES : 0
  }

  /** @returns what is whole now. */
  push(bytes: Buffer): Unit[] {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    const units: Unit[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      const unit = this.#unitOf(frame)
      if (unit !== undefined) units.push(unit)
    }
    return units
  }

  #next(): Buffer | undefined {
    if (this.#preface > 0) {
      const preface = this.#take(this.#preface)
      if (preface !== undefined) this.#preface = 0
      return preface
    }
    if (this.#waiting.length < FRAME_HEADER_BYTES) return undefined
    return this.#take(FRAME_HEADER_BYTES + this.#waiting.readUIntBE(0, 3))
  }

  #take(length: number): Buffer | undefined {
    if (this.#waiting.length < length) return undefined
    const taken = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return taken
  }

  #unitOf(frame: Buffer): Unit | undefined {
    const isPreface = frame.length === PREFACE_BYTES && frame.toString('latin1').startsWith('PRI ')
    if (isPreface) return { bytes: frame, isOfLink: true, messages: [] }
    const isOfLink = (frame.readUInt32BE(5) & STREAM_MASK) === 0
    if (frame.readUInt8(3) !== DATA) return { bytes: frame, isOfLink, messages: [] }
    this.#frames.push(frame)
    this.#content = Buffer.concat([this.#content, frame.subarray(FRAME_HEADER_BYTES)])
    const messages = messagesIn(this.#content)
    if (messages === undefined) return undefined
    const unit = { bytes: Buffer.concat(this.#frames), isOfLink, messages }
    this.#frames = []
    this.#content = Buffer.alloc(0)
    return unit
  }
}

/** The messages, if the last of them is whole. */
function messagesIn(content: Buffer): Buffer[] | undefined {
  const messages: Buffer[] = []
  for (let at = 0; at < content.length; ) {
    if (content.length < at + PREFIX_BYTES) return undefined
    const end = at + PREFIX_BYTES + content.readUInt32BE(at + 1)
    if (content.length < end) return undefined
    messages.push(content.subarray(at + PREFIX_BYTES, end))
    at = end
  }
  return messages
}
