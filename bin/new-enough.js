/** The oldest major version that strips types, has ML-KEM, argon2 and node:sqlite, and is tested here. */
exports.OLDEST_MAJOR = 26

/** Whether the running Node.js is itself new enough. */
exports.isNewEnough = (version = process.versions.node) => Number.parseInt(version, 10) >= exports.OLDEST_MAJOR
