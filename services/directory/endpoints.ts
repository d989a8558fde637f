/**
 * Which endpoints of an announcement others are told of: nobody may have them call somebody who has not asked for it.
 *
 * Who calls from an address shows that it is theirs. A private address leads nowhere but into the house of whoever calls
 * it. Loopback leads everybody to themselves, and is of use where all are on the machine of the directory. Any other has to
 * be allowed by the host: a directory cannot see whether a router passes it on.
 *
 * @module
 */
import { networkInterfaces } from 'node:os'
import { type Endpoint, EndpointRefusal, type RefusedEndpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { networkOf } from '#lib/rpc/sockets/network-of.ts'
import { LINK_LOCAL, LOOPBACK, PRIVATE, type Ranges } from '#lib/runtime/network/ranges.ts'

export interface JudgedEndpoints {
  readonly accepted: readonly Endpoint[]
  readonly refused: readonly RefusedEndpoint[]
}

/**
 * Judge the endpoints of an announcement.
 *
 * @param callerAddress - From which it was made, an IP literal.
 * @param allowed - By the host, whoever announces it.
 * @param mayBeNone - Whether they can be reached without any, through a relay.
 * @throws SottoError `ERR_ENDPOINTS_REFUSED`, with the reason for each, if none is left that has to be.
 */
export function judgeEndpoints(
  endpoints: readonly Endpoint[],
  callerAddress: string,
  allowed: Ranges,
  mayBeNone = false,
): JudgedEndpoints {
  const accepted: Endpoint[] = []
  const refused: RefusedEndpoint[] = []
  for (const endpoint of endpoints) {
    const reason = allowed.has(endpoint.address) ? undefined : refusalOf(endpoint.address, callerAddress)
    if (reason === undefined) accepted.push(endpoint)
    else refused.push({ endpoint, reason })
  }
  if (accepted.length === 0 && !mayBeNone) throw noneLeft(refused, callerAddress)
  return { accepted, refused }
}

function refusalOf(address: string, callerAddress: string): EndpointRefusal | undefined {
  if (LOOPBACK.has(address)) return isOnThisMachine(callerAddress) ? undefined : EndpointRefusal.LOOPBACK
  // A network of IPv6 is one caller everywhere (RFC 6177), who has several addresses in it at once (RFC 8981).
  if (PRIVATE.has(address) || networkOf(address) === networkOf(callerAddress)) return undefined
  return LINK_LOCAL.has(address) ? EndpointRefusal.LINK_LOCAL : EndpointRefusal.NOT_YOURS
}

function isOnThisMachine(address: string): boolean {
  if (LOOPBACK.has(address)) return true
  return Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address))
}

function noneLeft(refused: readonly RefusedEndpoint[], callerAddress: string): SottoError {
  const why: Partial<Record<EndpointRefusal, string>> = {
    [EndpointRefusal.LOOPBACK]: 'would lead others to themselves: the directory is on another machine',
    [EndpointRefusal.LINK_LOCAL]: 'means nothing to others',
    [EndpointRefusal.NOT_YOURS]: `is a public address, and the call comes from ${callerAddress}`,
  }
  return new SottoError('ERR_ENDPOINTS_REFUSED', 'others may be told of none of the endpoints', {
    violations: refused.map(({ reason }, index) => ({
      field: `endpoints[${index}]`,
      description: why[reason] ?? 'is refused',
    })),
  })
}
