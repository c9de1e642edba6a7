/** The endpoint of an object store as it is configured, as a URL. */
import { MigrateError } from '../core/errors.ts';

/** @param endpoint `host`, `host:port` or a URL, perhaps with a path. @param useSsl wins over the URL's own scheme. */
export function endpointUrl(endpoint: string, useSsl: boolean | undefined): URL {
  const [, scheme = 'https', rest = ''] = /^(?:(https?):\/\/)?(.*)$/i.exec(endpoint) ?? [];
  const text = `${useSsl === undefined ? scheme : useSsl ? 'https' : 'http'}://${rest}`;
  if (rest === '' || /[\s@?#]/.test(rest) || !URL.canParse(text))
    throw new MigrateError('E_CONFIG', 'the endpoint of the object store is no host and no URL', {
      // Not shown: it may hold a user and a password.
      wanted: 'host, host:port, http://host:port or https://host:port',
    });
  return new URL(text);
}
