/**
 * The endpoints that the directory tells nobody of, and why: it takes private addresses, that from which this machine calls,
 * and those that the host allows.
 *
 * @module
 */
import { type Endpoint, EndpointRefusal, type RefusedEndpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { formatAddress } from '#lib/runtime/address.ts'

const REASONS: Readonly<Partial<Record<EndpointRefusal, string>>> = {
  [EndpointRefusal.NOT_YOURS]:
    'as seen from there you call from another address; whoever runs the server can allow it (SOTTO_DIRECTORY_ENDPOINTS)',
  [EndpointRefusal.LOOPBACK]: 'it would lead others to themselves, as the server is on another machine',
  [EndpointRefusal.LINK_LOCAL]: 'it means nothing to others',
}

const isSame = (one: Endpoint, other: Endpoint) => one.address === other.address && one.port === other.port

/** The endpoints without those that were refused. */
export function acceptedOf(offered: readonly Endpoint[], refused: readonly RefusedEndpoint[]): Endpoint[] {
  return offered.filter((each) => !refused.some(({ endpoint }) => endpoint !== undefined && isSame(each, endpoint)))
}

/**
 * Say which endpoints were refused, and why.
 *
 * @param wanted - Those of which to speak: what the directory says of others is nothing that was offered.
 * @returns a clause for each.
 */
export function describeRefused(wanted: readonly Endpoint[], refused: readonly RefusedEndpoint[]): string[] {
  return wanted.flatMap((each) => {
    const found = refused.find(({ endpoint }) => endpoint !== undefined && isSame(each, endpoint))
    return found === undefined ? [] : [`${textOf(each)}: ${REASONS[found.reason] ?? 'the directory refuses it'}`]
  })
}

/** The error of an announcement, with the addresses in words where all of them were refused. */
export function namingEndpoints(error: SottoError, offered: readonly Endpoint[]): SottoError {
  if (!isSottoError(error, 'ERR_ENDPOINTS_REFUSED')) return error
  const named = error.violations.flatMap(({ field, description }) => {
    const endpoint = offered[Number(/^endpoints\[(\d)\]$/.exec(field)?.[1])]
    return endpoint === undefined ? [] : [`${textOf(endpoint)} ${description}`]
  })
  return new SottoError(error.code, ['the directory tells others of none of your addresses', ...named].join('; '), {
    cause: error,
    hint: 'offer one of your own network, or ask whoever runs the server to allow yours (SOTTO_DIRECTORY_ENDPOINTS)',
  })
}

function textOf({ address, port }: Endpoint): string {
  return formatAddress({ host: address, port })
}
