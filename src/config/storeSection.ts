/** How a bucket is reached, as a section of our job files: `source.store` and `filesStore`. */
import type { z } from 'zod';
import type { StoreCredentials } from '../core/contracts.ts';
import { readAt } from './configError.ts';
import { checkHost, NO_OPTIONS, type StoreOptions } from './storeOptions.ts';
import { section, text, truth } from './yamlValues.ts';

const options = {
  endpoint: text.optional(),
  region: text.optional(),
  useSsl: truth.optional(),
  pathStyle: truth.optional(),
  useIam: truth.optional(),
  iamEndpoint: text.optional(),
};

const credentials = {
  accessKey: text.optional(),
  secretKey: text.optional(),
  sessionToken: text.optional(),
  sas: text.optional(),
  connectionString: text.optional(),
  serviceAccount: text.optional(),
};

export const sourceStoreShape = section({ ...options, ...credentials });
export const filesStoreShape = section({ ...options, createBucket: truth.optional(), ...credentials });

export type StoreSection = z.infer<typeof filesStoreShape>;

/** Keys of such a section whose values are never shown. */
export const STORE_SECRETS: readonly string[] = [...Object.keys(credentials), 'endpoint', 'iamEndpoint'];

/** @param place says where a key stands, for messages */
export function optionsOf(said: StoreSection, place: (key: string) => Parameters<typeof readAt>[0]): StoreOptions {
  const { endpoint, region, useSsl, pathStyle, useIam, iamEndpoint, createBucket } = said;
  const host = (key: 'endpoint' | 'iamEndpoint', value: string | undefined): string | undefined =>
    value === undefined ? undefined : readAt(place(key), () => checkHost(value, key));
  return {
    ...NO_OPTIONS,
    endpoint: host('endpoint', endpoint),
    region,
    useSsl,
    pathStyle,
    useIam,
    iamEndpoint: host('iamEndpoint', iamEndpoint),
    createBucket,
  };
}

/** undefined: the section says nothing of them. */
export function credentialsOf(said: StoreSection | undefined): StoreCredentials | undefined {
  if (said === undefined) return undefined;
  const { accessKey, secretKey, sessionToken, sas, connectionString, serviceAccount } = said;
  const all = { accessKey, secretKey, sessionToken, sas, connectionString, serviceAccount };
  return Object.values(all).some((value) => value !== undefined) ? all : undefined;
}
