/**
 * The numbers and forms of second factors that both ends know.
 *
 * @module
 */

/** Bytes of the secret of a TOTP: as many as HMAC-SHA-1 gives, which RFC 4226, section 4, recommends. */
export const TOTP_SECRET_BYTES = 20

/** How long a code stands, in milliseconds: the default of RFC 6238, section 5.2. */
export const TOTP_STEP_MS = 30_000

/** How long a secret waits for its first code, in milliseconds: 15 min, enough to find a phone and an app for it. */
export const PENDING_FOR_MS = 900_000

/** How many recovery codes a second factor has. */
export const RECOVERY_CODES = 10

/** A recovery code as it is shown: 10 bytes in base32 (RFC 4648), in groups of four. */
export const RECOVERY_CODE = /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/
