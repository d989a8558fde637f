/**
 * A run of the tests that breaks off is no green run. Mocha tells the exit code when it is done; should its processes be
 * killed under it, it finds nothing left to wait for, and would end with 0.
 *
 * @module
 */

/** Called once, in Mocha's first process, before all tests. */
export function mochaGlobalSetup(): void {
  process.exitCode = 1
}
