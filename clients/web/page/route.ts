/**
 * What the address says: `#/NAME` for a conversation, `#/NAME/POSITION` for a message in it, `#wire` for the wire view. So
 * Back and Forward work, and a reload shows the same.
 *
 * @module
 */
import { model } from './model.ts'

const ROUTE = /^#\/([a-z0-9][a-z0-9._-]{0,31})(?:\/(\d{1,20}))?$/

/** The address of the wire view: no name of anybody's, which stand behind a slash. */
export const WIRE = '#wire'

/** Show what the address says, and follow it. */
export function followAddress(): void {
  const show = () => {
    if (location.hash === WIRE) {
      void import('./wire/wire-view.ts').catch(() => model.notice('The wire view could not be loaded: open it again'))
      model.openWire()
      return
    }
    const [, contact, position] = ROUTE.exec(location.hash) ?? []
    void model.open(contact, position === undefined ? undefined : BigInt(position))
  }
  addEventListener('hashchange', show)
  show()
}

/** Show a conversation, or none. */
export function goTo(contact?: string, position?: bigint): void {
  const hash = contact === undefined ? '#/' : position === undefined ? `#/${contact}` : `#/${contact}/${position}`
  if (location.hash !== hash) location.hash = hash
  else if (contact !== undefined) void model.open(contact, position)
}

/** Show the conversation above or below in the list. */
export function goBeside(step: 1 | -1): void {
  const names = model.sorted.map(({ contact }) => contact)
  const index = model.contact === undefined ? -1 : names.indexOf(model.contact)
  const name = names[Math.min(Math.max(index + step, 0), names.length - 1)]
  if (name !== undefined) goTo(name)
}
