// Undo and redo: what each change did, field by field and block by block, so that taking one back
// leaves alone what somebody else has written since.
import { interleaved, same } from './merge.js'

/** @typedef {import('./types').Draft} Draft @typedef {import('./types').Step} Step */

const MOST_STEPS = 200

/**
 * What leads from one document to another; nothing where they are equal.
 * @param {Draft} before @param {Draft} after @returns {Step | null}
 */
export function difference(before, after) {
  /** @type {Step} */
  const { fields, blocks } = { fields: {}, blocks: {}, order: null }
  for (const key of Object.keys(after)) {
    if (key !== 'blocks' && !same(before[key], after[key])) fields[key] = [before[key], after[key]]
  }
  const was = new Map(before.blocks.map((b) => [b.id, b])), is = new Map(after.blocks.map((b) => [b.id, b]))
  for (const id of new Set([...was.keys(), ...is.keys()])) {
    if (!same(was.get(id), is.get(id))) blocks[id] = [was.get(id) ?? null, is.get(id) ?? null]
  }
  /** @type {[string[], string[]]} */
  const order = [[...was.keys()], [...is.keys()]]
  const moved = !same(...order)
  if (!moved && !Object.keys(fields).length && !Object.keys(blocks).length) return null
  return { fields, blocks, order: moved ? order : null }
}

/**
 * The document with a step done (side 1) or taken back (side 0).
 * @param {Draft} doc @param {Step} step @param {0 | 1} side
 */
export function applied(doc, step, side) {
  const next = { ...doc }
  for (const [key, pair] of Object.entries(step.fields)) next[key] = pair[side]
  const known = new Map(doc.blocks.map((b) => [b.id, b]))
  for (const [id, pair] of Object.entries(step.blocks)) {
    const block = pair[side]
    if (block) known.set(id, block)
    else known.delete(id)
  }
  const wanted = step.order ? step.order[side] : doc.blocks.map((b) => b.id)
  next.blocks = interleaved(wanted, doc.blocks.map((b) => b.id)).flatMap((id) => known.get(id) ?? [])
  return next
}

// Remembers steps, in this tab also over a reload.
export class Steps {
  #store
  #key

  /** @param {Draft} doc @param {string} key @param {Pick<Storage, 'getItem' | 'setItem'> | null} [store] */
  constructor(doc, key, store) {
    this.#key = key
    this.#store = store
    this.last = doc
    const kept = JSON.parse(store?.getItem(key) ?? 'null')
    /** @type {Step[]} */
    this.steps = kept?.steps ?? []
    /** @type {number} */
    this.at = kept?.at ?? 0
  }

  /** What was written here since the last call becomes a step. @param {Draft} doc */
  record(doc) {
    const step = difference(this.last, doc)
    if (!step) return
    this.last = doc
    this.steps = [...this.steps.slice(0, this.at), step].slice(-MOST_STEPS)
    this.at = this.steps.length
    this.#keep()
  }

  /** What came from elsewhere is nothing that can be taken back here. @param {Draft} doc */
  rebase(doc) { this.last = doc }

  /** @param {Draft} doc */
  undo(doc) { return this.#go(doc, 0) }
  /** @param {Draft} doc */
  redo(doc) { return this.#go(doc, 1) }

  /** @param {Draft} doc @param {0 | 1} side */
  #go(doc, side) {
    this.record(doc)
    const step = this.steps[side ? this.at : this.at - 1]
    if (!step) return null
    this.at += side ? 1 : -1
    this.last = applied(doc, step, side)
    this.#keep()
    return { doc: this.last, blocks: Object.keys(step.blocks) }
  }

  #keep() {
    try { this.#store?.setItem(this.#key, JSON.stringify({ steps: this.steps, at: this.at })) } catch { /* the store is full: they last until the reload */ }
  }
}
