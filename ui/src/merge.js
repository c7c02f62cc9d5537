// Three versions of a document become one, block by block.
export const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other)

/** @param {import('./types').Draft} doc */
const byId = (doc) => new Map(doc.blocks.map((block) => [block.id, block]))
/** @param {import('./types').Draft} doc */
const ids = (doc) => doc.blocks.map((block) => block.id)

/** @typedef {import('./types').Draft} Draft */

/**
 * Only a block that both changed, and differently, is a conflict.
 * @param {Draft} base @param {Draft} mine @param {Draft} theirs
 * @returns {import('./types').Merged}
 */
export function merge(base, mine, theirs) {
  const doc = /** @type {Draft} */ ({}), conflicts = /** @type {import('./types').Conflicts} */ ({})
  for (const key of Object.keys({ ...theirs, ...mine })) {
    if (key !== 'blocks') doc[key] = same(mine[key], base[key]) ? theirs[key] : mine[key]
  }
  const [b, m, t] = [base, mine, theirs].map(byId)
  doc.blocks = []
  for (const id of order(base, mine, theirs)) {
    const was = b.get(id), here = m.get(id), there = t.get(id)
    if (was && !here && same(there, was)) continue // deleted here, untouched there
    if (was && !there && same(here, was)) continue // deleted there, untouched here
    if (here && there && !same(here, was) && !same(there, was) && !same(here, there)) conflicts[id] = there
    const kept = !here ? there : !there ? here : same(here, was) ? there : here
    if (kept) doc.blocks.push(kept)
  }
  return { doc, conflicts }
}

// Whoever moved blocks decides the order; what only the other has stays after its neighbour.
function order(base, mine, theirs) {
  const [first, second] = same(ids(base), ids(mine)) ? [theirs, mine] : [mine, theirs]
  return interleaved(ids(first), ids(second))
}

/** @param {string[]} first @param {string[]} second */
export function interleaved(first, second) {
  const all = [...first]
  second.forEach((id, at) => {
    if (all.includes(id)) return
    const before = second.slice(0, at).findLast((other) => all.includes(other))
    all.splice(before === undefined ? 0 : all.indexOf(before) + 1, 0, id)
  })
  return all
}
