/**
 * A guard against a test run that breaks off: it must not pass. Mocha sets the exit code when it is done; were its
 * processes killed, it would find nothing left to wait for, and end with 0.
 *
 * @module
 */

/** Set the exit code of a failure until Mocha is done. Called once, in Mocha's first process, before all tests. */
export function mochaGlobalSetup(): void {
  process.exitCode = 1
}
