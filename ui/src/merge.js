// Three versions of a document become one, part by part. Each part has a place: the id of a block, or the
// name of a field above the blocks after a dot, which no id has.
/** @param {unknown} one @param {unknown} other */
export const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other)

/** @param {import('./types').Draft} doc */
const byId = (doc) => new Map(doc.blocks.map((block) => [block.id, block]))
/** @param {import('./types').Draft} doc */
const ids = (doc) => doc.blocks.map((block) => block.id)

/** @typedef {import('./types').Draft} Draft */

/** What stands at a place; nothing where the block is gone. @param {Draft} doc @param {string} place */
export const partAt = (doc, place) => (place.startsWith('.') ? doc[place.slice(1)] : byId(doc).get(place))

/** The document with other parts at some places. @param {Draft} doc @param {Record<string, any>} parts @returns {Draft} */
export function withParts(doc, parts) {
  const fields = Object.entries(parts).filter(([place]) => place.startsWith('.')).map(([place, value]) => [place.slice(1), value])
  return { ...doc, ...Object.fromEntries(fields), blocks: doc.blocks.map((block) => parts[block.id] ?? block) }
}

/**
 * Only a part that both changed, and differently, is a conflict.
 * @param {Draft} base @param {Draft} mine @param {Draft} theirs
 * @returns {import('./types').Merged}
 */
export function merge(base, mine, theirs) {
  const doc = /** @type {Draft} */ ({}), conflicts = /** @type {import('./types').Conflicts} */ ({})
  for (const key of Object.keys({ ...theirs, ...mine })) {
    if (key === 'blocks') continue
    const untouched = same(mine[key], base[key])
    doc[key] = untouched ? theirs[key] : mine[key]
    if (!untouched && !same(theirs[key], base[key]) && !same(mine[key], theirs[key])) conflicts[`.${key}`] = theirs[key]
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

/**
 * Whoever moved blocks decides the order; what only the other has stays after its neighbour.
 * @param {Draft} base @param {Draft} mine @param {Draft} theirs
 */
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
