/** All benches, in the order in which they run. */
import { begin } from './begin.ts'
import { chat } from './chat.ts'
import { chatAwaited } from './chat-awaited.ts'
import { chatDurable } from './chat-durable.ts'
import { getPresence, requestChat } from './directory-calls.ts'
import { fair } from './fair.ts'
import { far } from './far.ts'
import { file } from './file.ts'
import { fileFar } from './file-far.ts'
import type { Bench } from './framework/bench.ts'
import { grow } from './grow.ts'
import { latency } from './latency.ts'
import { letter } from './letter.ts'
import { login } from './login.ts'
import { many } from './many.ts'
import { open } from './open.ts'
import { page } from './page.ts'
import { pipe } from './pipe.ts'
import { presence } from './presence.ts'
import { ready } from './ready.ts'
import { relay } from './relay.ts'
import { rest } from './rest.ts'
import { slowReader } from './slow-reader.ts'
import { start } from './start.ts'

export const BENCHES: readonly Bench[] = [
  start,
  chat,
  chatDurable,
  chatAwaited,
  pipe,
  latency,
  far,
  open,
  file,
  fileFar,
  login,
  requestChat,
  getPresence,
  presence,
  relay,
  begin,
  letter,
  fair,
  many,
  slowReader,
  ready,
  rest,
  grow,
  page,
]
