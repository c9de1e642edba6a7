/** Reads the ways in which people write the address of a Milvus: `http://host:port`, `https://host`, `host:port`. */
import { MigrateError } from '../../core/errors.ts';

export interface Endpoint {
  /** host:port, IPv6 hosts in brackets. */
  readonly address: string;
  readonly tls: boolean;
}

const DEFAULT_PORT = '19530';

export function parseEndpoint(endpoint: string): Endpoint {
  const match = /^(?:(https?|tcp|grpc):\/\/)?(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/*$/i.exec(
    endpoint.trim(),
  );
  if (match === null || Number(match[3] ?? DEFAULT_PORT) > 65_535) {
    throw new MigrateError('E_CONFIG', 'this is no address of a Milvus', {
      found: shown(endpoint),
      wanted: 'http://host:19530, https://host:19530 or host:19530',
      hint: 'user, password and database are given by options of their own',
    });
  }
  return { address: `${match[2]}:${match[3] ?? DEFAULT_PORT}`, tls: match[1]?.toLowerCase() === 'https' };
}

/** Without what may be credentials. */
function shown(endpoint: string): string {
  return endpoint.replace(/\/\/[^/]*@/, '//…@');
}
