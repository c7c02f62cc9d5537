// What windows that are gone left behind in this browser. Each has a key of its own, so that two that are
// offline write over nothing of each other's.
import { merge, partAt, same } from './merge.js'

/** @typedef {import('./types').Draft} Draft */
/** @typedef {{ base: Draft, doc: Draft, conflicts?: import('./types').Clashes, at: number }} Copy */

/**
 * Their copies, merged into what the server has; *user* left them, and *open* are the keys of windows that are there.
 * @param {import('./types').Store} store @param {string} prefix
 * @param {{ doc: Draft, by: string }} server @param {string} user @param {Set<string>} open
 */
export function resumed(store, prefix, { doc, by }, user, open = new Set()) {
  const left = copies(store, prefix).filter(({ key }) => !open.has(key))
  const conflicts = /** @type {import('./types').Clashes} */ ({})
  let merged = doc, writer = by
  for (const { copy } of left) {
    const found = merge(copy.base, copy.doc, merged)
    for (const [place, theirs] of Object.entries(found.conflicts)) conflicts[place] ??= { by: writer, theirs }
    for (const [place, { by }] of Object.entries(copy.conflicts ?? {})) { // nobody has chosen yet
      const theirs = partAt(merged, place), mine = partAt(found.doc, place)
      if (theirs !== undefined && mine !== undefined && !same(theirs, mine)) conflicts[place] ??= { by, theirs }
    }
    merged = found.doc
    writer = user
  }
  return { doc: merged, conflicts, found: !same(merged, doc), keys: left.map(({ key }) => key) }
}

/** @param {import('./types').Store} store @param {string} prefix */
function copies(store, prefix) {
  const found = /** @type {{ key: string, copy: Copy }[]} */ ([])
  for (let at = 0; at < (store?.length ?? 0); at++) {
    const key = store?.key(at) ?? ''
    if (!key.startsWith(`${prefix}-`)) continue
    try {
      const copy = JSON.parse(store?.getItem(key) ?? 'null')
      if (copy?.doc?.blocks && copy.base?.blocks) found.push({ key, copy })
    } catch { /* written by nobody we know */ }
  }
  return found.sort((one, other) => one.copy.at - other.copy.at)
}
