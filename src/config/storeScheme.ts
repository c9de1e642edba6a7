/** The message about a URL of a scheme that is none of ours: what its files are called here. */
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { OBJECT_SCHEMES } from './storeNames.ts';

/** What others call them. */
const ALIASES: Readonly<Record<string, string>> = {
  s3a: 's3',
  s3n: 's3',
  aws: 's3',
  minio: 's3',
  gcs: 'gs',
  gcp: 'gs',
  azure: 'az',
  abfs: 'az',
  abfss: 'az',
  wasb: 'az',
  wasbs: 'az',
  ali: 'oss',
  cosn: 'cos',
  tencent: 'cos',
};

export function unknownScheme(word: string, where: string): MigrateError {
  const name = word.toLowerCase();
  const schemes = [...OBJECT_SCHEMES, 'file'];
  const near = ALIASES[name] ?? nearestWord(name, schemes);
  const hint = /^https?$/.test(name)
    ? 's3://bucket/prefix?endpoint=https://host for what speaks S3; az:// for Azure, gs:// for Google'
    : near === undefined
      ? undefined
      : `did you mean ${near}://…?`;
  return new MigrateError('E_USAGE', `${where} is a URL of an unknown kind`, {
    found: `${word}://…`,
    wanted: schemes.map((scheme) => `${scheme}:${scheme === 'file' ? '' : '//'}`).join(', '),
    ...(hint === undefined ? {} : { hint }),
  });
}
