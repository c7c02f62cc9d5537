import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Steps } from '../src/steps.js'

const doc = (subject, ...blocks) => ({ subject, blocks: blocks.map(([id, text]) => ({ id, text })) })
const store = () => {
  const kept = new Map()
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) }
}
const first = doc('One', ['a', '1'], ['b', '2'])

test('steps are taken back and done again in order', () => {
  const steps = new Steps(first, 'k')
  const second = doc('Two', ['a', '1'], ['b', '2']), third = doc('Two', ['b', '2'])
  steps.record(second)
  steps.record(third)
  assert.deepEqual(steps.undo(third).doc, second)
  assert.deepEqual(steps.undo(second).doc, first)
  assert.equal(steps.undo(first), null)
  assert.deepEqual(steps.redo(first).doc, second)
  assert.deepEqual(steps.redo(second).doc, third)
})

test('what another editor wrote meanwhile stays', () => {
  const steps = new Steps(first, 'k')
  steps.record(doc('One', ['a', 'mine'], ['b', '2']))
  const merged = doc('One', ['a', 'mine'], ['b', 'theirs'], ['c', 'new'])
  steps.rebase(merged)
  assert.deepEqual(steps.undo(merged).doc, doc('One', ['a', '1'], ['b', 'theirs'], ['c', 'new']))
})

test('steps last over a reload', () => {
  const kept = store(), second = doc('Two', ['a', '1'], ['b', '2'])
  new Steps(first, 'k', kept).record(second)
  assert.deepEqual(new Steps(second, 'k', kept).undo(second).doc, first)
})

test('writing on after an undo forgets what was undone', () => {
  const steps = new Steps(first, 'k')
  steps.record(doc('Two', ['a', '1'], ['b', '2']))
  steps.undo(doc('Two', ['a', '1'], ['b', '2']))
  steps.record(doc('Three', ['a', '1'], ['b', '2']))
  assert.equal(steps.redo(doc('Three', ['a', '1'], ['b', '2'])), null)
})
