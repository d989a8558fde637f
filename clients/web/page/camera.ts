/**
 * Reading a QR code with the camera, by the browser's own detector: Chromium has one on Android, ChromeOS and macOS. Where
 * there is none, nobody is offered it. Pictures stay in the page.
 *
 * @module
 */

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>
}

interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector
  getSupportedFormats(): Promise<readonly string[]>
}

/** How long to wait from one look to the next, in milliseconds. */
const PAUSE_MS = 100

const FORMAT = 'qr_code'

/** The browser's detector; the libraries of TypeScript do not know it. */
function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
}

/** Whether this browser can read a code with a camera. */
export async function canRead(): Promise<boolean> {
  const formats = (await detectorClass()?.getSupportedFormats()) ?? []
  return formats.includes(FORMAT) && 'mediaDevices' in navigator
}

/**
 * Show what the camera sees, and read codes in it.
 *
 * @param isIt - Whether a code is what is looked for; others are passed over.
 * @returns the code; undefined if the signal was first.
 * @throws DOMException if the camera may not be used, or there is none.
 */
export async function readCode(
  video: HTMLVideoElement,
  isIt: (code: string) => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const Detector = detectorClass()
  if (Detector === undefined) return undefined
  const detector = new Detector({ formats: [FORMAT] })
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  try {
    video.srcObject = stream
    await video.play()
    while (!signal.aborted) {
      for (const { rawValue } of await detector.detect(video)) if (isIt(rawValue)) return rawValue
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    return undefined
  } finally {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
}
