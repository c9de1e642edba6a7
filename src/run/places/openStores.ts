/** The stores of a job, opened with its credentials: the one place where these are revealed. */
import type { JobConfig, SourceConfig } from '../../config/job.ts';
import { Secret } from '../../config/secret.ts';
import type { OpenStore, SourceSecrets, StoreCredentials, StoreSecrets } from '../../core/contracts.ts';
import { openStore } from '../../stores/index.ts';

type Credentials = Pick<JobConfig, 'credentials'>;

/** In memory only: for `openStore`, and for the workers at their start. */
export function secretsOf({ credentials }: Credentials): StoreSecrets {
  return Object.fromEntries(
    Object.entries(credentials ?? {}).flatMap(([name, secret]) =>
      // A stored configuration has none any more: the stores are opened with what the environment offers.
      secret instanceof Secret ? [[name, JSON.parse(secret.reveal()) as StoreCredentials]] : [],
    ),
  );
}

/** What the readers of a source log in with. */
export function sourceSecretsOf(source: SourceConfig): SourceSecrets {
  if (source.kind !== 'elasticsearch') return {};
  const { credentials } = source;
  switch (credentials.kind) {
    case 'none':
      return {};
    case 'basic':
      return { user: credentials.user, password: credentials.password.reveal() };
    case 'apiKey':
      return { apiKey: credentials.key.reveal() };
    case 'serviceToken':
      return { serviceToken: credentials.token.reveal() };
  }
}

export function storeOpener(config: Credentials): OpenStore {
  const secrets = secretsOf(config);
  return (store) => openStore(store, secrets);
}
