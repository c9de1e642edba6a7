/** The SDK's way to the network: our connections, so that a service which goes silent is given up. */
import type { HttpOperationResponse, IHttpClient, WebResource } from '@azure/storage-blob';
import { type Connections, type HttpAnswer, readText } from '../http/connections.ts';

export function azureTransport(connections: Connections): IHttpClient {
  return {
    async sendRequest(request) {
      const body = bodyOf(request);
      const answer = await connections.send({
        url: new URL(request.url),
        method: request.method,
        headers: request.headers.toJson({ preserveCase: true }),
        body: body.length > 0 ? [body] : [],
        signal: signalOf(request),
      });
      const { status } = answer;
      // In every answer of the service; the SDK takes what has none for an answer without fields. A gateway's 5xx is
      // told by its status.
      if (status < 500 && answer.headers['x-ms-request-id'] === undefined) {
        answer.body.destroy();
        throw strangeAnswer(status);
      }
      const response = { request, status, headers: headersOf(request, answer) };
      if (request.streamResponseStatusCodes?.has(status)) return { ...response, readableStreamBody: answer.body };
      return { ...response, bodyAsText: await readText(answer) } satisfies HttpOperationResponse;
    },
  };
}

/** An answer that is none of Azure's. */
export interface StrangeAnswer extends Error {
  readonly strangeStatus: number;
}

function strangeAnswer(status: number): StrangeAnswer {
  return Object.assign(new Error('an answer without x-ms-request-id'), { strangeStatus: status });
}

/** This driver sends bytes and text; the SDK's XML is text. */
function bodyOf({ body }: WebResource): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('a body of a kind that this driver does not send');
}

/** The SDK's signals are like Node's, not Node's own. */
function signalOf({ abortSignal }: WebResource): AbortSignal | undefined {
  if (abortSignal === undefined || abortSignal instanceof AbortSignal) return abortSignal;
  const ours = new AbortController();
  if (abortSignal.aborted) ours.abort();
  else abortSignal.addEventListener('abort', () => ours.abort());
  return ours.signal;
}

function headersOf(request: WebResource, answer: HttpAnswer): HttpOperationResponse['headers'] {
  // The class is not exported; an empty one is made of the request's.
  const headers = request.headers.clone();
  for (const name of headers.headerNames()) headers.remove(name);
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  return headers;
}
