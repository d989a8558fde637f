import type { CertificateChain } from '../runtime/tls.ts'
import type { Calls, Service } from './service.ts'

export interface Target {
  /** `HOST:PORT`, `[IPV6]:PORT`. */
  readonly address: string
  /** TLS 1.3 under this authority to the holder of this role; `undefined` is plain HTTP/2, for peers. */
  readonly security:
    | {
        readonly authorityPem: string
        /** `auth.sotto`, `directory.sotto`, `sealing.sotto`. */
        readonly role: string
        /** Mutual TLS: our own certificate. */
        readonly certificate?: CertificateChain
      }
    | undefined
}

/** A channel to one server and what can be called on it. It connects at the first call and again when it broke. */
export interface Connection<S extends Service> {
  readonly call: Calls<S>
  /** Connect now: resolves when the other end speaks HTTP/2 (and TLS), rejects at the first failure. */
  ready(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>
  /** Calls that are still open are cancelled. */
  close(): void
}

export function connect<S extends Service>(_service: S, _target: Target): Connection<S> {
  throw new TypeError('filled in next')
}
