/**
 * Unary calls on the SDK's gRPC client: its message definitions, TLS, and its interceptors for auth and database apply.
 *
 * Not the SDK's own methods, because these (3.0.6) hide what matters here: the retry interceptor sends a call again on
 * every gRPC status but seven (UNAVAILABLE, ABORTED, CANCELLED, INTERNAL, UNKNOWN … are repeated, inserts and imports
 * included) unless `maxRetries` is 0; it turns UNIMPLEMENTED into an empty success; it renders each message as JSON for
 * its debug log, whatever the log level (hence `toJSON` on the raw messages); and calls cannot be cancelled.
 * grpc-js itself sends again only what it knows no server has seen.
 */
import type { Client, ClientUnaryCall, MethodDefinition, ServiceError } from '@grpc/grpc-js';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { ErrorPlace } from '../../core/errors.ts';
import { broken, type CallFailure, interrupted, isSuccess, type ReplyStatus, refused, unanswered } from './errors.ts';

export interface AskOptions {
  readonly at?: ErrorPlace;
  readonly timeoutMs?: number;
  /** True for calls that change something: let finish when the signal comes, so that their outcome is known. */
  readonly write?: boolean;
}

export interface Rpc {
  readonly client: MilvusClient;
  /** host:port */
  readonly address: string;
  readonly signal: AbortSignal | undefined;
  /** The reply of a call that succeeded; anything else is a MigrateError. */
  ask<Reply extends object>(method: string, request: object, options?: AskOptions): Promise<Reply>;
  /** As `ask`, but hands out an unsuccessful status too. A reply without one is still an error. */
  askStatus<Reply extends object>(method: string, request: object, options?: AskOptions): Promise<Answer<Reply>>;
  /** The undecoded reply. */
  askBytes(method: string, request: object, options?: AskOptions): Promise<Uint8Array>;
  /** Sends an encoded message, once, and gives the undecoded reply or why there is none. */
  sendBytes(method: string, message: Uint8Array, timeoutMs: number): Promise<Sent>;
  close(): Promise<void>;
}

export interface Answer<Reply> {
  readonly status: ReplyStatus;
  readonly reply: Reply;
}

export type Sent = { readonly reply: Uint8Array } | { readonly failure: CallFailure };

const TIMEOUT_MS = 30_000;

/** Bytes on their way through the SDK's interceptors, which JSON.stringify each message. */
interface Raw {
  readonly bytes: Uint8Array;
  toJSON(): string;
}

type Method = MethodDefinition<object, object>;

export function openRpc(client: MilvusClient, address: string, signal: AbortSignal | undefined): Rpc {
  const place = (method: string, options: AskOptions) => ({ method, address, at: options.at ?? {} });

  const unary = async <Q, R>(
    method: string,
    shape: (definition: Method) => Shape<Q, R>,
    options: AskOptions,
  ): Promise<R> => {
    const stop = options.write ? undefined : signal;
    if (stop?.aborted) throw interrupted(method);
    const stub: Client = await client.channelPool.acquire();
    try {
      return await callOnce(stub, method, shape, options.timeoutMs ?? TIMEOUT_MS, stop);
    } finally {
      await client.channelPool.release(stub);
    }
  };

  const asked = async <R>(method: string, request: object, options: AskOptions, raw: boolean): Promise<R> => {
    try {
      return await unary<object, R>(
        method,
        (definition) => ({
          path: definition.path,
          request,
          serialize: definition.requestSerialize,
          deserialize: (raw ? rawReply : definition.responseDeserialize) as (bytes: Buffer) => R,
        }),
        options,
      );
    } catch (error) {
      throw isCallFailure(error) ? broken(error, place(method, options)) : error;
    }
  };

  const askStatus = async <Reply extends object>(
    method: string,
    request: object,
    options: AskOptions = {},
  ): Promise<Answer<Reply>> => {
    const reply = await asked<Reply>(method, request, options, false);
    const status = statusOf(reply);
    if (status === undefined) throw unanswered(place(method, options));
    return { status, reply };
  };

  return {
    client,
    address,
    signal,
    askStatus,
    async ask<Reply extends object>(method: string, request: object, options: AskOptions = {}): Promise<Reply> {
      const { status, reply } = await askStatus<Reply>(method, request, options);
      if (!isSuccess(status)) throw refused(status, place(method, options));
      return reply;
    },
    async askBytes(method, request, options = {}) {
      const reply = await asked<Partial<Raw>>(method, request, options, true);
      // The SDK replaces the reply to an unknown call by {}.
      if (reply.bytes === undefined) throw unanswered(place(method, options));
      return reply.bytes;
    },
    async sendBytes(method, message, timeoutMs) {
      try {
        const shape = (definition: Method): Shape<Raw, Partial<Raw>> => ({
          path: definition.path,
          request: raw(message),
          serialize: ({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          deserialize: rawReply,
        });
        const { bytes } = await unary(method, shape, { timeoutMs, write: true });
        if (bytes === undefined) throw unanswered(place(method, {}));
        return { reply: bytes };
      } catch (error) {
        if (isCallFailure(error)) return { failure: error };
        throw error;
      }
    },
    async close() {
      await client.closeConnection();
    },
  };
}

interface Shape<Q, R> {
  readonly path: string;
  readonly request: Q;
  readonly serialize: (request: Q) => Buffer;
  readonly deserialize: (bytes: Buffer) => R;
}

function callOnce<Q, R>(
  stub: Client,
  method: string,
  shape: (definition: Method) => Shape<Q, R>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<R> {
  const { path, request, serialize, deserialize } = shape(definitionOf(stub, method));
  return new Promise<R>((resolve, reject) => {
    const options = { deadline: new Date(Date.now() + timeoutMs) };
    const call: ClientUnaryCall = stub.makeUnaryRequest(
      path,
      serialize,
      deserialize,
      request,
      options,
      (error, reply) => {
        signal?.removeEventListener('abort', cancel);
        if (error === null) resolve(reply as R);
        else reject(signal?.aborted ? interrupted(method) : error);
      },
    );
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** The service definition that the SDK gave to the stub's class. */
function definitionOf(stub: Client, method: string): Method {
  const { service } = stub.constructor as unknown as { readonly service: Readonly<Record<string, Method>> };
  const definition = service[method];
  if (definition === undefined) throw new TypeError(`the SDK has no call ${method}`);
  return definition;
}

function raw(bytes: Uint8Array): Raw {
  return { bytes, toJSON: () => `${bytes.byteLength} bytes` };
}

function rawReply(bytes: Buffer): Raw {
  return raw(bytes);
}

/** Some calls answer with a status, the others with a reply that has one. */
function statusOf(reply: object): ReplyStatus | undefined {
  const candidate: unknown = 'status' in reply ? reply.status : reply;
  if (typeof candidate !== 'object' || candidate === null || !('error_code' in candidate)) return undefined;
  return candidate as ReplyStatus;
}

function isCallFailure(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'details' in thrown;
}
