// Talks to the server: the key in its header, failures as three kinds of error. Knows no view.

import { eventsOf } from "./sse.js";
import { getKey } from "./storage.js";

/** The server said no. */
export class Refusal extends Error {
  constructor({ status, code, message, param, retryAfter_s, guard }) {
    super(message);
    Object.assign(this, { status, code, param, retryAfter_s, guard });
  }
}

/** No answer at all. */
export class Unreachable extends Error {}

/** An answer that broke off. */
export class Broken extends Error {}

/** Seconds of a `Retry-After` header, which holds a number or a date. */
export function retryAfter(text, now_ms = Date.now()) {
  if (!text) return null;
  if (/^\s*\d+\s*$/.test(text)) return Number(text);
  const until_ms = Date.parse(text);
  return Number.isNaN(until_ms) ? null : Math.max(0, Math.ceil((until_ms - now_ms) / 1000));
}

async function refusalOf(response) {
  const text = await response.text();
  let error = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    // Proxies answer in HTML; the status then says all that we know.
  }
  return new Refusal({
    status: response.status,
    code: error.code ?? null,
    message: typeof error.message === "string" ? error.message : `The server answered with status ${response.status}.`,
    param: error.param ?? null,
    retryAfter_s: retryAfter(response.headers.get("Retry-After")),
    guard: error.zaphod?.guard ?? null,
  });
}

async function call(path, { body, signal, headers = {} }) {
  const key = getKey();
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted && signal.reason?.name !== "TimeoutError") throw error;
    throw new Unreachable("The server does not answer.", { cause: error });
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

export async function getJson(path, timeout_ms) {
  const response = await call(path, { signal: AbortSignal.timeout(timeout_ms) });
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable("The server's answer cannot be read.", { cause: error });
  }
}

/** The answer to something that is posted. */
export async function postJson(path, body, signal) {
  const response = await call(path, { body, signal });
  try {
    return await response.json();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Broken("The server's answer cannot be read.", { cause: error });
  }
}

/** A person's word on something that waits: "approve" or "deny". */
export async function decide(id, decision, timeout_ms = 10_000) {
  const path = `zaphod/confirmations/${encodeURIComponent(id)}`;
  const response = await call(path, { body: { decision }, signal: AbortSignal.timeout(timeout_ms) });
  return response.json();
}

/**
 * Chunks of a streamed chat completion. Raises `Broken` where the stream ends before it says so.
 * @param approved the confirmation under which a person let this request in, if one had to
 */
export async function* chatChunks(body, signal, approved = null) {
  const headers = approved ? { "X-Zaphod-Confirmation": approved } : {};
  const response = await call("v1/chat/completions", { body, signal, headers });
  try {
    for await (const event of eventsOf(response.body)) {
      if (event.data === "[DONE]") return;
      yield chunkOf(event.data);
    }
  } catch (error) {
    if (signal.aborted || error instanceof Refusal || error instanceof Broken) throw error;
    throw new Broken("The connection broke.", { cause: error });
  }
  throw new Broken("The stream ended before the answer did.");
}

function chunkOf(data) {
  let chunk;
  try {
    chunk = JSON.parse(data);
  } catch (error) {
    throw new Broken("A part of the stream cannot be read.", { cause: error });
  }
  // After the first byte a status can no longer be sent: the error comes as an event.
  if (chunk.error) throw new Broken(String(chunk.error.message ?? "The server ended the answer with an error."));
  return chunk;
}
