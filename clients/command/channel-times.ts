/**
 * `SOTTO_CHANNEL_TIMES`: shorter durations than the protocol's, to see a renewal without waiting for it.
 *
 *     SOTTO_CHANNEL_TIMES=renew-every=5,renew-retry=1 sotto send bob --trace
 *
 * @module
 */
import { CHANNEL_TIMES, type ChannelTimes } from '#lib/channel/channel-times.ts'
import { SottoError } from '#lib/errors.ts'

const NAMES: Readonly<Record<string, keyof ChannelTimes>> = {
  'renew-every': 'renewEveryMs',
  'renew-within': 'renewWithinMs',
  'renew-retry': 'renewRetryMs',
  'ping-after': 'pingAfterMs',
  'silence-limit': 'silenceLimitMs',
  'answer-within': 'answerWithinMs',
}

/**
 * Read the setting.
 *
 * @param text - `NAME=SECONDS`, separated by commas; nothing for the protocol's own.
 * @throws SottoError `ERR_CONFIG` for another name, for what is no number, and for more than the protocol has: nobody is
 *   to go on longer than it allows.
 */
export function parseChannelTimes(text: string | undefined): Partial<ChannelTimes> {
  if (text === undefined || text === '') return {}
  return Object.fromEntries(text.split(',').map(parsePart))
}

function parsePart(part: string): [keyof ChannelTimes, number] {
  const [name = '', seconds = ''] = part.split('=').map((piece) => piece.trim())
  const key = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
  const milliseconds = Number(seconds) * 1_000
  if (key === undefined || seconds === '' || !(milliseconds > 0 && milliseconds <= CHANNEL_TIMES[key])) {
    throw new SottoError('ERR_CONFIG', 'SOTTO_CHANNEL_TIMES is not valid', {
      hint: `it is a list of ${Object.keys(NAMES).join('=, ')}= with seconds, no more than the protocol has`,
    })
  }
  return [key, milliseconds]
}
