// Saving: one request at a time, counted versions, and a copy in the browser until the server has it.
import { merge, same } from './merge.js'

/** @typedef {import('./types').Draft} Draft */
/**
 * @typedef {object} Saving
 * @property {number} version  that the server has
 * @property {Draft} base  what it was
 * @property {() => Draft} read  the document as it is to be stored
 * @property {() => Screen} seen  as it is on the screen, with what is still to be chosen
 * @property {(doc: Draft, conflicts: import('./types').Conflicts, by: string) => void} write  what others did comes in
 * @property {(doc: Draft, version: number) => Promise<Pick<import('./types').Answer, 'status' | 'body'>>} send  throws where the server cannot be reached
 * @property {(state: string, why?: string) => void} status
 * @property {import('./types').Store} store
 * @property {string} key  of this window's copy
 */
/** @typedef {{ doc: Draft, conflicts: import('./types').Clashes }} Screen */

const PAUSE = 700
const LONGEST_WAIT = 30_000

export class Saver {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #wait = 0
  #again = false
  #refused = ''

  busy = false
  /** @type {Promise<void> | undefined} */
  running

  /** @param {Saving} saving */
  constructor({ version, base, read, seen, write, send, status, store, key }) {
    this.version = version
    this.base = base
    this.read = read
    this.seen = seen
    this.write = write
    this.send = send
    this.status = status
    this.store = store
    this.key = key
  }

  get dirty() { return !same(this.read(), this.base) }

  touch(pause = PAUSE) {
    clearTimeout(this.#timer)
    const dirty = this.dirty
    this.#keep()
    if (!dirty && !this.busy) { this.#refused = ''; return this.status('saved') }
    this.#say(this.#wait ? 'offline' : 'saving')
    this.#timer = setTimeout(() => this.save(), Math.max(pause, this.#wait))
  }

  // Settles once everything written so far is stored, or could not be.
  async save() {
    clearTimeout(this.#timer)
    if (this.busy) { this.#again = true; return this.running } // a second one would conflict with the first
    if (!this.dirty) return this.status('saved')
    this.busy = true
    this.running = this.#send()
    return this.running
  }

  // A refusal is shown until something was saved: whatever is written meanwhile is kept, and tried again.
  /** @param {string} state */
  #say(state) { this.status(this.#refused ? 'refused' : state, this.#refused) }

  async #send() {
    const sent = this.read()
    this.#say('saving')
    try {
      const { status, body } = await this.send(sent, this.version)
      this.#wait = 0
      this.#refused = status === 200 || status === 412 ? '' : body.detail || String(status)
      if (status === 412) { this.take(body); this.#again = true }
      else if (status === 200) { this.base = sent; this.version = body.version; this.#keep(); this.status(this.dirty ? 'saving' : 'saved') }
      else { this.#again = false; this.#say('refused') }
    } catch {
      this.#wait = Math.min((this.#wait || 500) * 2, LONGEST_WAIT)
      this.status('offline')
      this.#timer = setTimeout(() => this.save(), this.#wait)
    }
    this.busy = false
    if (this.#again) { this.#again = false; await this.save() }
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

  #keep() {
    try {
      const { doc, conflicts } = this.seen()
      if (same(doc, this.base)) this.store?.removeItem(this.key)
      else this.store?.setItem(this.key, JSON.stringify({ base: this.base, doc, conflicts, at: Date.now() }))
    } catch { /* the store is full or forbidden: the server still gets it */ }
  }
}
