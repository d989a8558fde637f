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
