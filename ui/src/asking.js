// Requests to our own server: JSON or a file out, JSON back.
let guard = {}

export const guardWith = (headers) => { guard = headers ?? {} }

export async function ask(method, url, body, { headers = {}, signal, keepalive } = {}) {
  const file = body instanceof Blob
  const options = { method, signal, keepalive, headers: { Accept: 'application/json', ...guard, ...headers } }
  if (body !== undefined) {
    options.headers['Content-Type'] = file ? body.type || 'application/octet-stream' : 'application/json'
    options.body = file ? body : JSON.stringify(body)
  }
  const answer = await fetch(url, options)
  if (answer.status >= 500) throw new Error(String(answer.status))
  const json = answer.headers.get('content-type')?.startsWith('application/json')
  const found = json ? await answer.json() : {}
  return { status: answer.status, ok: answer.ok, body: found.error ? { ...found, detail: found.error } : found }
}
