// Saving: one request at a time, counted versions, and a copy in the browser until the server has it.
import { merge, same } from './merge.js'

/** @typedef {import('./types').Draft} Draft */
/**
 * @typedef {object} Saving
 * @property {number} version  that the server has
 * @property {Draft} base  what it was
 * @property {() => Draft} read  the document as it is to be stored
 * @property {(doc: Draft, conflicts: import('./types').Conflicts, by: string) => void} write  what others did comes in
 * @property {(doc: Draft, version: number) => Promise<Pick<import('./types').Answer, 'status' | 'body'>>} send  throws where the server cannot be reached
 * @property {(state: string, why?: string) => void} status
 * @property {import('./types').Store} store
 * @property {string} key
 */

const PAUSE = 700
const LONGEST_WAIT = 30_000

export class Saver {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #wait = 0
  #again = false

  busy = false
  closed = ''
  /** @type {Promise<void> | undefined} */
  running

  /** @param {Saving} saving */
  constructor({ version, base, read, write, send, status, store, key }) {
    this.version = version
    this.base = base
    this.read = read
    this.write = write
    this.send = send
    this.status = status
    this.store = store
    this.key = key
  }

  get dirty() { return !same(this.read(), this.base) }

  touch(pause = PAUSE) {
    if (this.closed) return
    clearTimeout(this.#timer)
    const dirty = this.dirty
    this.#keep(dirty)
    if (!dirty && !this.busy) return this.status('saved')
    this.status(this.#wait ? 'offline' : 'saving')
    this.#timer = setTimeout(() => this.save(), Math.max(pause, this.#wait))
  }

  // Settles once everything written so far is stored, or could not be.
  async save() {
    clearTimeout(this.#timer)
    if (this.busy) { this.#again = true; return this.running } // a second one would conflict with the first
    if (this.closed || !this.dirty) { if (!this.closed) this.status('saved'); return }
    this.busy = true
    this.running = this.#send()
    return this.running
  }

  async #send() {
    const sent = this.read()
    this.status('saving')
    try {
      const { status, body } = await this.send(sent, this.version)
      this.#wait = 0
      if (status === 412) { this.take(body); this.#again = true }
      else if (status === 200) { this.base = sent; this.version = body.version; this.#keep(this.dirty); this.status('saved') }
      else { this.closed = body.detail || String(status); this.status('refused', this.closed) }
    } catch {
      this.#wait = Math.min((this.#wait || 500) * 2, LONGEST_WAIT)
      this.status('offline')
      this.#timer = setTimeout(() => this.save(), this.#wait)
    }
    this.busy = false
    if (this.#again && !this.closed) { this.#again = false; await this.save() }
  }

  /** Somebody else's version, with a refused save or over the event stream. @param {{ version: number, doc: Draft, by: string }} theirs */
  take({ version, doc, by }) {
    if (version <= this.version) return
    const { doc: merged, conflicts } = merge(this.base, this.read(), doc)
    this.base = doc
    this.version = version
    this.write(merged, conflicts, by)
  }

  online() { if (this.#wait) { this.#wait = 0; this.save() } }

  #keep(dirty) {
    try {
      if (dirty) this.store?.setItem(this.key, JSON.stringify({ version: this.version, base: this.base, doc: this.read() }))
      else this.store?.removeItem(this.key)
    } catch { /* the store is full or forbidden: the server still gets it */ }
  }
}

/**
 * What this browser holds that the server did not get, merged into what the server has.
 * @param {import('./types').Store} store @param {string} key @param {{ version: number, doc: Draft }} server
 */
export function resumed(store, key, { version, doc }) {
  let kept = null
  try { kept = JSON.parse(store?.getItem(key) ?? 'null') } catch { /* written by nobody we know */ }
  if (!kept?.doc?.blocks || same(kept.doc, doc)) return { doc, conflicts: {}, kept: false }
  if (kept.version === version) return { doc: kept.doc, conflicts: {}, kept: true }
  return { ...merge(kept.base, kept.doc, doc), kept: true }
}
