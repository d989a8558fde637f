/** What to add to a command so that it is about a profile, with a space before: nothing for the one without a name. */
export function profileFlag(profile: string): string {
  return profile === 'default' ? '' : ` --profile ${profile}`
}
