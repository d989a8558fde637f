/**
 * The bounds of the guard: what the other end of a connection may do before it is cut, and why nobody honest does more.
 *
 * | reason      | the bound                                                   | who comes near, and is not cut                |
 * | ----------- | ----------------------------------------------------------- | --------------------------------------------- |
 * | `handshake` | `firstCallTimeoutMs` (limits.ts) for the first byte, and from the turn in line for TLS | a phone: TLS 1.3 is 1 round trip and 3 KiB |
 * | `silent`    | `firstCallTimeoutMs` more until the first call              | the same; the call is 1 round trip later      |
 * | `request`   | `firstMessageTimeoutMs` until a call's request is whole     | 16 KiB in 10 s: 13 kbit/s                     |
 * | `stranger`  | `admissionTimeoutMs` until somebody is let in               | who waits for the hash of a password          |
 * | `crowd`     | the line before the places of strangers, and how long nothing may come of one while others wait (entrance/) | one of three thousand who come at once: try again |
 * | `full`      | the places of all                                           | the same                                      |
 * | `message`   | {@link MESSAGE_TIMEOUT_MS} for the rest of a later message  | 66 KiB at 5 kbit/s                            |
 * | `unread`    | {@link UNREAD_TIMEOUT_MS} in which no byte of what waits is taken | a slow reader takes some, and one whose windows are full has nothing waiting |
 * | `pings`     | {@link PINGS_PER_SECOND}                                    | gRPC measures the way by some tens a second   |
 * | `settings`  | {@link SETTINGS_PER_SECOND}                                 | one or two in all                             |
 * | `calls`     | {@link STRANGER_CALLS_PER_SECOND}, {@link REFUSED_CALLS_PER_SECOND} | a client makes two before it is let in, and waits where it is refused |
 * | `framing`   | {@link FRAMING_BYTES_PER_SECOND} beside the content; of a stranger, {@link SMALL_PIECES} of less than {@link SMALL_PIECE_BYTES}; in line, what there is room for (entrance/) | a tenth of the content, and 300 bytes a call  |
 * | `protocol`  | Node.js: 1,000 resets and 33 a second, 1,000 empty or stray frames, 8 continuations, 64 KiB or 128 fields of headers in a hundred calls | nobody |
 *
 * Windows of HTTP/2 that stay full for minutes, and a conversation in which nothing is said, cross none of them: that a
 * side is alive the keepalive asks (limits.ts).
 *
 * @module
 */

/**
 * How often each connection is looked at, in milliseconds: whoever crosses a bound is cut within two looks. A look at ten
 * thousand quiet connections takes 2 ms.
 */
export const SWEEP_INTERVAL_MS = 500

/** How many pings may come in a second. */
export const PINGS_PER_SECOND = 200

/** How many settings may come in a second. */
export const SETTINGS_PER_SECOND = 20

/** How many calls may begin in a second over a connection over which nobody was let in. */
export const STRANGER_CALLS_PER_SECOND = 50

/** How many calls may be refused in a second because of a limit, over one connection: their answers name a time to wait. */
export const REFUSED_CALLS_PER_SECOND = 200

/** How long the rest of a message may take once its first byte is here, in milliseconds, where it is not a call's first. */
export const MESSAGE_TIMEOUT_MS = 120_000

/** How long the other end may take none of the bytes that wait for it, in milliseconds: twice what the keepalive waits for an answer. */
export const UNREAD_TIMEOUT_MS = 20_000

/**
 * How many bytes may come in a second that are no content of calls, beside those that content brings with it
 * (frame-budget.ts): 5,000 window updates. And how many at once, such as those of TLS.
 */
export const FRAMING_BYTES_PER_SECOND = 64 * 1024
export const FRAMING_BURST_BYTES = 128 * 1024

/**
 * How many small pieces of content a stranger may send, and less than how many bytes are small: their framing is more than
 * content may bring. So many take some 5 ms.
 */
export const SMALL_PIECES = 1_024
export const SMALL_PIECE_BYTES = 36
