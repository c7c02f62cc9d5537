import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resumed } from '../src/copies.js'
import { Saver } from '../src/saving.js'

const doc = (headline) => ({ subject: 'S', blocks: [{ id: 'a', headline }] })
const store = () => {
  const kept = new Map()
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key), key: (at) => [...kept.keys()][at], get length() { return kept.size }, kept }
}

function saver(send, now = doc('new'), conflicts = {}) {
  const said = [], written = [], screen = { doc: now }
  const one = new Saver({ version: 1, base: doc('old'), read: () => screen.doc, seen: () => ({ doc: screen.doc, conflicts }), write: (...all) => written.push(all), send, status: (state, why) => said.push(why || state), store: store(), key: 'k-1' })
  return { one, said, written, screen }
}
const left = (copies) => {
  const kept = store()
  Object.entries(copies).forEach(([key, copy], at) => kept.setItem(key, JSON.stringify({ base: doc('old'), conflicts: {}, at, ...copy })))
  return kept
}

test('two saves asked for at once are one request after the other', async () => {
  let open = 0, most = 0
  const { one } = saver(async (_, version) => {
    most = Math.max(most, ++open)
    await new Promise((done) => setTimeout(done, 5))
    open--
    return { status: 200, body: { version: version + 1 } }
  })
  await Promise.all([one.save(), one.save(), one.save()])
  assert.deepEqual([most, one.version, one.dirty], [1, 2, false])
})

test('what was written while it was saved is not called saved', async () => {
  let arrive = () => {}
  const { one, said, screen } = saver(() => new Promise((done) => (arrive = () => done({ status: 200, body: { version: 2 } }))))
  const saved = one.save()
  screen.doc = doc('newer')
  arrive()
  await saved
  assert.deepEqual([one.dirty, said.at(-1)], [true, 'saving'])
})

test('what the server did not get stays in the browser and is found again', async () => {
  const { one, said, screen } = saver(async () => { throw new Error('offline') })
  one.touch(0)
  await one.save()
  assert.equal(said.at(-1), 'offline')
  assert.deepEqual(resumed(one.store, 'k', { doc: doc('old'), by: 'Ana' }, 'Ben'), { doc: doc('new'), conflicts: {}, found: true, keys: ['k-1'] })
  screen.doc = doc('old') // nothing is left to be tried again
})

test('what is written after a refusal is kept, and tried again', async () => {
  let status = 401
  const { one, said, screen } = saver(async (_, version) => ({ status, body: status === 200 ? { version: version + 1 } : { detail: 'You are signed out.' } }))
  await one.save()
  screen.doc = doc('newer')
  one.touch(1e6)
  assert.equal(said.at(-1), 'You are signed out.')
  assert.deepEqual(resumed(one.store, 'k', { doc: doc('old') }, 'Ben').doc, doc('newer'))
  status = 200
  await one.save()
  assert.deepEqual([said.at(-1), one.dirty, one.store.kept.size], ['saved', false, 0])
})

test('what was kept is merged where the server went on', () => {
  const found = resumed(left({ 'k-1': { doc: doc('mine') } }), 'k', { doc: doc('theirs'), by: 'Ana' }, 'Ben')
  assert.deepEqual([found.doc, found.conflicts], [doc('mine'), { a: { by: 'Ana', theirs: doc('theirs').blocks[0] } }])
})

test('a conflict that nobody has decided is one after the reload, too', () => {
  const theirs = doc('theirs')
  const kept = left({ 'k-1': { base: theirs, doc: doc('mine'), conflicts: { a: { by: 'Ana', theirs: theirs.blocks[0] } } } })
  const found = resumed(kept, 'k', { doc: theirs, by: 'Ana' }, 'Ben')
  assert.deepEqual([found.doc, found.conflicts], [doc('mine'), { a: { by: 'Ana', theirs: theirs.blocks[0] } }])
})

test('a subject that nobody has decided on is asked for after the reload, too', () => {
  const [mine, theirs] = ['Mine', 'Theirs'].map((subject) => ({ ...doc('old'), subject }))
  const kept = left({ 'k-1': { base: theirs, doc: mine, conflicts: { '.subject': { by: 'Ana', theirs: 'Theirs' } } } })
  const found = resumed(kept, 'k', { doc: theirs, by: 'Ana' }, 'Ben')
  assert.deepEqual([found.doc, found.conflicts], [mine, { '.subject': { by: 'Ana', theirs: 'Theirs' } }])
})

test('what two windows left is all there: both, or a choice', () => {
  const base = { subject: 'S', blocks: [{ id: 'a', headline: '1' }, { id: 'b', headline: '2' }] }
  const first = { ...base, blocks: [{ id: 'a', headline: 'x' }, base.blocks[1]] }
  const second = { ...base, blocks: [{ id: 'a', headline: 'y' }, { id: 'b', headline: 'z' }] }
  const found = resumed(left({ 'k-1': { base, doc: first }, 'k-2': { base, doc: second } }), 'k', { doc: base, by: 'Ana' }, 'Ben')
  assert.deepEqual(found.doc, second)
  assert.deepEqual(found.conflicts, { a: { by: 'Ben', theirs: first.blocks[0] } })
})

test('what a window that is open still holds is left to it, and so are other issues', () => {
  const kept = left({ 'k-1': { doc: doc('open') }, 'k2-1': { doc: doc('other') } })
  assert.deepEqual(resumed(kept, 'k', { doc: doc('old') }, 'Ben', new Set(['k-1'])), { doc: doc('old'), conflicts: {}, found: false, keys: [] })
})

test('a version of somebody else is merged and the save repeated upon it', async () => {
  let tries = 0
  const { one, written } = saver(async (_, version) => (tries++ ? { status: 200, body: { version: version + 1 } } : { status: 412, body: { version: 5, doc: doc('theirs'), by: 'Ana' } }))
  await one.save()
  assert.deepEqual([tries, one.version, written[0][2]], [2, 6, 'Ana'])
})
