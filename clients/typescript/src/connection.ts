// What both programs here share: a transport, a token on every call, and what to do when a call fails.

import { parseArgs, type ParseArgsConfig } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema } from "../generated/google/rpc/error_details_pb.js";

const ATTEMPTS = 5;

/** The arguments that both programs take. */
export const OPTIONS = {
  endpoint: { type: "string", default: "http://127.0.0.1:50051" },
  token: { type: "string", default: process.env["ROSTER_TOKEN"] ?? "" },
  organization: { type: "string" },
} as const satisfies ParseArgsConfig["options"];

/** Reads the program's arguments, and ends it unless there is a token. */
export function read<T extends NonNullable<ParseArgsConfig["options"]>>(options: T) {
  const { values } = parseArgs({ options });
  if (!("token" in values) || !values.token) {
    console.error("a token is needed: --token or ROSTER_TOKEN");
    process.exit(2);
  }
  return values;
}

/** Adds the token to every call. */
function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/**
 * Repeats calls that have no side effects when the server was not there, as the published service config
 * (GET /proto/service_config.json) has other clients do. A write is repeated by its caller alone: see `write`.
 */
const repeatReads: Interceptor = (next) => (request) =>
  request.method.idempotency === Idempotency.NO_SIDE_EFFECTS && !request.stream
    ? repeated((error) => error.code === Code.Unavailable, () => next(request))
    : next(request);

/** A transport on which every call carries the token: gRPC over HTTP/2, or gRPC-Web over fetch as a page in a browser speaks it. */
export function connect(endpoint: string, token: string, web = false): Transport {
  const interceptors = [repeatReads, bearer(token)];
  return web
    ? createGrpcWebTransport({ baseUrl: endpoint, interceptors })
    : createGrpcTransport({ baseUrl: endpoint, interceptors });
}

/** The contract's ErrorReason of a refused call, such as "NOT_FOUND": switch on this, never on the text. */
export function reasonOf(error: unknown): string | undefined {
  return ConnectError.from(error)
    .findDetails(ErrorInfoSchema)
    .find((info) => info.domain === "roster.v1")?.reason;
}

/**
 * Sends a write until the server has answered it. The request_id in it makes that safe: whether or not the write was done
 * when the answer was lost, it is done once.
 */
export function write<Request extends { write: { requestId: string } }, Response>(
  call: (request: Request, options: { timeoutMs: number }) => Promise<Response>,
  request: Request,
): Promise<Response> {
  const lost = (error: ConnectError) => error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
  return repeated(lost, () => call(request, { timeoutMs: 10_000 }));
}

async function repeated<Answer>(again: (error: ConnectError) => boolean, call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === ATTEMPTS || !again(ConnectError.from(error))) throw error;
      await sleep(Math.random() * 100 * 2 ** attempt);
    }
  }
}
