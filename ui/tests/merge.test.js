import assert from 'node:assert/strict'
import { test } from 'node:test'
import { merge, partAt, withParts } from '../src/merge.js'

const doc = (subject, ...blocks) => ({ subject, blocks: blocks.map(([id, headline]) => ({ id, headline })) })
const read = ({ blocks }) => blocks.map(({ id, headline }) => `${id}:${headline}`).join(' ')
const base = doc('S', ['a', '1'], ['b', '2'], ['c', '3'])

test('changes in different blocks and in the subject are all kept', () => {
  const { doc: merged, conflicts } = merge(base, doc('Mine', ['a', 'x'], ['b', '2'], ['c', '3']), doc('S', ['a', '1'], ['b', '2'], ['c', 'y']))
  assert.deepEqual([merged.subject, read(merged), conflicts], ['Mine', 'a:x b:2 c:y', {}])
})

test('the same block changed differently is a conflict, and mine is shown', () => {
  const { doc: merged, conflicts } = merge(base, doc('S', ['a', 'x'], ['b', '2'], ['c', '3']), doc('S', ['a', 'y'], ['b', '2'], ['c', '3']))
  assert.equal(read(merged), 'a:x b:2 c:3')
  assert.deepEqual(conflicts, { a: { id: 'a', headline: 'y' } })
})

test('the same field above the blocks changed differently is a conflict, another field is not', () => {
  const head = (subject, preheader) => ({ subject, preheader, blocks: [] })
  const { doc: merged, conflicts } = merge(head('S', 'P'), head('Mine', 'P'), head('Theirs', 'also theirs'))
  assert.deepEqual([merged, conflicts], [head('Mine', 'also theirs'), { '.subject': 'Theirs' }])
})

test('a document takes other parts at their places, and no part that is gone', () => {
  const other = { id: 'b', headline: 'other' }
  const next = withParts(base, { '.subject': 'Other', b: other, gone: other })
  assert.deepEqual([next.subject, read(next), partAt(next, 'b'), partAt(next, '.subject'), partAt(next, 'gone')], ['Other', 'a:1 b:other c:3', other, 'Other', undefined])
})

test('the same change by both is no conflict', () => {
  const changed = doc('S', ['a', 'x'], ['b', '2'], ['c', '3'])
  assert.deepEqual(merge(base, changed, structuredClone(changed)).conflicts, {})
})

test('blocks added by both sides all stay, each after its neighbour', () => {
  const { doc: merged } = merge(base, doc('S', ['a', '1'], ['m', 'mine'], ['b', '2'], ['c', '3']), doc('S', ['a', '1'], ['b', '2'], ['c', '3'], ['t', 'theirs']))
  assert.equal(read(merged), 'a:1 m:mine b:2 c:3 t:theirs')
})

test('a deleted block is gone, unless the other side has written in it', () => {
  const without = doc('S', ['b', '2'], ['c', '3'])
  assert.equal(read(merge(base, without, base).doc), 'b:2 c:3')
  assert.equal(read(merge(base, base, without).doc), 'b:2 c:3')
  assert.equal(read(merge(base, without, doc('S', ['a', 'kept'], ['b', '2'], ['c', '3'])).doc), 'a:kept b:2 c:3')
})

test('one moves, the other writes: both happen', () => {
  const { doc: merged } = merge(base, doc('S', ['c', '3'], ['a', '1'], ['b', '2']), doc('S', ['a', '1'], ['b', 'written'], ['c', '3']))
  assert.equal(read(merged), 'c:3 a:1 b:written')
})
