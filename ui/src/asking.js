// Requests to our own server: JSON or a file out, JSON back.
/** @type {Record<string, string>} */
let guard = {}

/** What every request carries from now on. @param {Record<string, string>} headers */
export const guardWith = (headers) => { guard = headers }

/**
 * @param {string} method @param {string} url @param {unknown} [body]
 * @param {{ headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean }} [how]
 * @returns {Promise<import('./types').Answer>} throws where the server cannot be reached
 */
export async function ask(method, url, body, { headers = {}, signal, keepalive } = {}) {
  const file = body instanceof Blob
  /** @type {Record<string, string>} */
  const sent = body === undefined ? {} : { 'Content-Type': file ? body.type || 'application/octet-stream' : 'application/json' }
  const answer = await fetch(url, {
    method, signal, keepalive, headers: { Accept: 'application/json', ...sent, ...guard, ...headers },
    body: file || body === undefined ? body : JSON.stringify(body),
  })
  if (answer.status >= 500) throw new Error(String(answer.status))
  const json = answer.headers.get('content-type')?.startsWith('application/json')
  const found = json ? await answer.json() : {}
  return { status: answer.status, ok: answer.ok, body: found.error ? { ...found, detail: found.error } : found }
}
