/**
 * A path as people type it, or drag it into a terminal, which then puts quotation marks around it or backslashes into it.
 *
 * @module
 */

const QUOTED = /^(["'])(.*)\1$/su

/** A path of one's home, as shells have it. */
const IN_HOME = /^~(?=\/|$)/

/**
 * The path that is meant. It may have spaces. No name of an offer has a backslash, so each of them is one that takes the
 * meaning of the next sign away.
 *
 * @param home - What `~` stands for.
 */
export function typedPath(text: string, home: string): string {
  const quoted = QUOTED.exec(text)
  if (quoted !== null) return quoted[2] ?? ''
  // Neither the home's own signs nor an escaped tilde are to be read again.
  return IN_HOME.test(text) ? home + unescaped(text.slice(1)) : unescaped(text)
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, '$1')
}
