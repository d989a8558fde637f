/**
 * A chat on a screen.
 *
 * @module
 */
import { ChatView, type ChatViewOptions } from './chat-view.ts'
import { recipientOf } from './command.ts'
import { createScreen, type ScreenOptions } from './screen/create-screen.ts'
import type { Frontend } from './view.ts'

export function screenFrontend(options: ScreenOptions & Omit<ChatViewOptions, 'screen'>): Frontend {
  const screen = createScreen(options)
  const view = new ChatView({ ...options, screen })
  return {
    view,
    get draft() {
      return screen.draft
    },
    open({ submit, writing, quit }, draft) {
      screen.on('submit', (submission) => void submit(submission))
      screen.on('typing', (written) => writing(recipientOf(written, view.to)))
      screen.on('leave', quit)
      view.refreshStatus()
      if (draft !== undefined) screen.restoreDraft(draft)
    },
    close: async () => screen.close(),
  }
}
