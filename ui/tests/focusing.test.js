import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goRound } from '../src/focusing.js'

const named = (name) => ({ name, focus() { document.activeElement = this } })
const all = ['one', 'two', 'three'].map(named)
const box = { querySelectorAll: () => all }
globalThis.document = { activeElement: null }

function pressed(key, keys) {
  let taken = false
  goRound({ key, preventDefault: () => (taken = true) }, box, 'button', keys)
  return taken && document.activeElement?.name
}

test('arrow keys go round, and from outside to the first or the last', () => {
  assert.deepEqual(['ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowUp'].map((key) => pressed(key)), ['one', 'two', 'three', 'one', 'three'])
  document.activeElement = null
  assert.equal(pressed('ArrowUp'), 'three')
})

test('other keys are left to whoever wants them', () => {
  assert.equal(pressed('Enter'), false)
  assert.equal(pressed('ArrowDown', ['ArrowLeft', 'ArrowRight']), false)
})
