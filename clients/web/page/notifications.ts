/**
 * Notices of the system when somebody writes while one looks elsewhere. They say who, and nothing of what.
 *
 * @module
 */
import type { Message } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { model } from './model.ts'
import { goTo } from './route.ts'

const KEY = 'sotto-notices'

export function isNotifying(): boolean {
  return localStorage.getItem(KEY) === 'on' && 'Notification' in globalThis && Notification.permission === 'granted'
}

/** Turn them on or off; the browser asks the first time. */
export async function toggleNotices(onChange: () => void): Promise<void> {
  if (isNotifying()) localStorage.removeItem(KEY)
  else if ('Notification' in globalThis && (await Notification.requestPermission()) === 'granted')
    localStorage.setItem(KEY, 'on')
  onChange()
}

/** Begin to notify, and to count what is unread in the title. */
export function notify(): void {
  model.addEventListener('change', () => {
    const { unread, profile } = model
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${profile === undefined ? 'Sotto' : `${profile.username} · Sotto`}`
  })
  model.addEventListener('incoming', (event) => {
    const { contact } = (event as CustomEvent<Message>).detail
    if (!isNotifying() || document.hasFocus()) return
    const notice = new Notification(contact, { body: 'has written', tag: contact })
    notice.onclick = () => {
      focus()
      goTo(contact)
      notice.close()
    }
  })
}
