/**
 * The services behind the door, by the roles that clients ask for in SNI. Sealing and the ports of administration are
 * none of them: those are not for people.
 *
 * @module
 */
import type { Role } from '#lib/runtime/tls.ts'

/** A service behind the door: its role is `auth.sotto`, its setting `SOTTO_DOOR_TO_AUTH`. */
export const SERVICES = ['auth', 'directory', 'relay'] as const

export type Service = (typeof SERVICES)[number]

/** The service of a role, if the door knows it. @param name - As in SNI. */
export function serviceOf(name: string): Service | undefined {
  return SERVICES.find((service) => (`${service}.sotto` satisfies Role) === name.toLowerCase())
}
