// Three versions of a document become one, block by block.
export const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other)

const byId = (doc) => new Map(doc.blocks.map((block) => [block.id, block]))
const ids = (doc) => doc.blocks.map((block) => block.id)

// -> { doc, conflicts: { id: theirs } }. Only a block that both changed, and differently, is a conflict.
export function merge(base, mine, theirs) {
  const doc = {}, conflicts = {}
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
    doc.blocks.push(!here ? there : !there ? here : same(here, was) ? there : here)
  }
  return { doc, conflicts }
}

// Whoever moved blocks decides the order; what only the other has stays after its neighbour.
function order(base, mine, theirs) {
  const [first, second] = same(ids(base), ids(mine)) ? [theirs, mine] : [mine, theirs]
  return interleaved(ids(first), ids(second))
}

export function interleaved(first, second) {
  const all = [...first]
  second.forEach((id, at) => {
    if (all.includes(id)) return
    const before = second.slice(0, at).findLast((other) => all.includes(other))
    all.splice(before === undefined ? 0 : all.indexOf(before) + 1, 0, id)
  })
  return all
}
