/**
 * The sizes of delivery, each derived from the one above it (docs/protocol.md, section 6).
 *
 * @module
 */

/** The largest plaintext of one record, in bytes: a Noise message of 65,535 (Noise, section 3) less its 16-byte tag. */
export const MAX_RECORD_BODY_BYTES = 65_519

/**
 * The room that a record keeps free of events, in bytes: first_sequence, acknowledged and read at their longest (11
 * each), the progress of a file (31) and the longest control, a Resume (67). The rest is room for fields to come.
 */
const RESERVED_BYTES = 160

/** Room for events in one record, in bytes, counted as they lie in it: tag, length, encoded event. */
export const EVENT_ROOM_BYTES = MAX_RECORD_BODY_BYTES - RESERVED_BYTES

/** The most bytes of an event in one Part: the room less the Part's own tags, lengths, offset and last flag (at most 18). */
export const MAX_PART_DATA_BYTES = EVENT_ROOM_BYTES - 23

/** The largest text, in bytes of UTF-8: 1 MiB. */
export const MAX_TEXT_BYTES = 1_048_576

/** The largest encoded event, in bytes: the largest text and 1 KiB for what stands around it. */
export const MAX_EVENT_BYTES = MAX_TEXT_BYTES + 1_024

/** Bytes of an event id, drawn at random by the writer. */
export const EVENT_ID_BYTES = 16

/** Bytes of a stream id, drawn at random by the writer. */
export const STREAM_ID_BYTES = 16

/** The most bytes of a file in one piece: 60 KiB, so that a piece and what stands around it fit in a record. */
export const MAX_CHUNK_BYTES = 61_440

/** The longest path in an offer, in bytes of UTF-8. */
export const MAX_PATH_BYTES = 1_024

/** The longest name in such a path, in bytes: what file systems take (NAME_MAX of Linux, and of others at least). */
export const MAX_PATH_NAME_BYTES = 255

/**
 * The most folders in an offer, those that paths lead through included. Otherwise one event could name half a million, a
 * letter each, with nothing in them that counts as a byte.
 */
export const MAX_OFFER_FOLDERS = 16_384

/**
 * The largest manifest of an offer, in bytes: some 130,000 files with names of 20 letters. It is held in memory until it is
 * there.
 */
export const MAX_MANIFEST_BYTES = 8_388_608

/** Bytes of a SHA-256 hash. */
export const SHA256_BYTES = 32
