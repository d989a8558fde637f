/** The oldest major version that strips types, has ML-KEM, argon2 and node:sqlite, and is tested here. */
export const OLDEST_MAJOR = 26

/** Whether the running Node.js is itself new enough. */
export function isNewEnough(version = process.versions.node) {
  return Number.parseInt(version, 10) >= OLDEST_MAJOR
}
