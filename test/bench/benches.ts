/** All benches, in the order in which they run. */
import { chat } from './chat.ts'
import { chatAwaited } from './chat-awaited.ts'
import { chatDurable } from './chat-durable.ts'
import type { Bench } from './framework/bench.ts'
import { latency } from './latency.ts'
import { open } from './open.ts'
import { pipe } from './pipe.ts'
import { start } from './start.ts'

export const BENCHES: readonly Bench[] = [start, chat, chatDurable, chatAwaited, pipe, latency, open]
