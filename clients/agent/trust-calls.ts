/**
 * The calls of AgentService about whom to trust: safety numbers, blocking, and what is to be forgotten.
 *
 * @module
 */
import type { AgentServiceService } from '#gen/sotto/agent/v1/agent_service.ts'
import { IDENTITY_KEY_BYTES } from '#lib/protocol.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { removeConversation } from '../history/forget.ts'
import { noteMismatch, pinIn, setBlocked, trust, verify } from '../profile/pins.ts'
import { comparableKeys, keyStateNotice } from '../profile/safety-number.ts'
import { type Agent, check, checkContact } from './agent.ts'

type TrustCalls = Pick<
  Handlers<typeof AgentServiceService>,
  'getSafetyNumber' | 'verify' | 'trust' | 'block' | 'forget'
>

export function trustCalls(agent: Agent): TrustCalls {
  const { messenger, profile, store, clock, watchers } = agent.options
  const now = () => clock.local.now()
  return {
    async getSafetyNumber({ contact }) {
      checkContact(contact)
      const pin = pinIn(await profile.refresh(), contact)
      const keys = comparableKeys(profile, contact).filter((each) => each !== undefined)
      const numbers = keys.map(({ key, identityKey, number, since }) => ({
        identityKey: Buffer.from(identityKey),
        pinned: key === 'pinned',
        digits: number.digits,
        words: [...number.words],
        qrText: number.qrText,
        since,
      }))
      return { numbers, state: keyStateNotice(contact, pin) }
    },

    async verify({ contact, agrees, identityKey }) {
      checkContact(contact)
      if (agrees) {
        check((violations) => violations.expectBytes(identityKey, IDENTITY_KEY_BYTES, 'identity_key'))
        await verify(profile, contact, identityKey, now())
        messenger.peer(contact).call()
      } else await noteMismatch(profile, contact, now())
      return { conversation: agent.conversation(contact) }
    },

    async trust({ contact }) {
      checkContact(contact)
      await trust(profile, contact, now())
      messenger.peer(contact).call()
      return { conversation: agent.conversation(contact) }
    },

    async block({ contact, blocked }) {
      checkContact(contact)
      await setBlocked(profile, contact, blocked)
      if (blocked) await messenger.peer(contact).goodbye()
      else messenger.peer(contact).call()
      return { conversation: agent.conversation(contact) }
    },

    async forget({ contact }) {
      checkContact(contact)
      const unsent = await removeConversation(store, contact, () => messenger.takeAppended())
      watchers.followStore(store.names())
      return { unsent: BigInt(unsent) }
    },
  }
}
