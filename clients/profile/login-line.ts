/** The profile of a command that names none. */
export const DEFAULT_PROFILE = 'default'

/** The option that makes a command use a profile, with a space before; empty for the default profile. */
export function profileFlag(profile: string): string {
  return profile === DEFAULT_PROFILE ? '' : ` --profile ${profile}`
}

/** The command to sign in for the first time. */
export function firstLoginLine(profile: string): string {
  return `${loginLine('NAME', profile)} --server HOST:PORT`
}

/** The command to sign in again, at the server that the profile knows. */
export function loginLine(username: string, profile: string): string {
  return `sotto login ${username}${profileFlag(profile)}`
}

/** Commands about a profile as hints and notices name them; what the other side is to type is about a profile of theirs. */
const PROFILE_COMMANDS =
  /(?<!they type: )\bsotto (?:verify|trust|block|unblock|contacts|files|history|search|undeliverable|login|second-factor)\b(?![^;,\n]* --profile )/g

/** A text of ours with every command in it about this profile, so that it can be typed as it is printed. */
export function forProfile(text: string, profile: string): string {
  return text.replace(PROFILE_COMMANDS, (command) => command + profileFlag(profile))
}
