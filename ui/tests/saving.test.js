import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Saver, resumed } from '../src/saving.js'

const doc = (headline) => ({ subject: 'S', blocks: [{ id: 'a', headline }] })
const store = () => {
  const kept = new Map()
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key), kept }
}

function saver(send, now = doc('new')) {
  const said = [], written = []
  const one = new Saver({ version: 1, base: doc('old'), read: () => now, write: (...all) => written.push(all), send, status: (state) => said.push(state), store: store(), key: 'k' })
  return { one, said, written }
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

test('what the server did not get stays in the browser and is found again', async () => {
  const { one, said } = saver(async () => { throw new Error('offline') })
  one.touch(0)
  await one.save()
  assert.equal(said.at(-1), 'offline')
  assert.deepEqual(resumed(one.store, 'k', { version: 1, doc: doc('old') }), { doc: doc('new'), conflicts: {}, kept: true })
  one.closed = 'end of the test'
})

test('what was kept is merged where the server went on', () => {
  const kept = store()
  kept.setItem('k', JSON.stringify({ version: 1, base: doc('old'), doc: doc('mine') }))
  const found = resumed(kept, 'k', { version: 2, doc: doc('theirs') })
  assert.deepEqual([found.doc, Object.keys(found.conflicts)], [doc('mine'), ['a']])
})

test('a version of somebody else is merged and the save repeated upon it', async () => {
  let tries = 0
  const { one, written } = saver(async (_, version) => (tries++ ? { status: 200, body: { version: version + 1 } } : { status: 412, body: { version: 5, doc: doc('theirs'), by: 'Ana' } }))
  await one.save()
  assert.deepEqual([tries, one.version, written[0][2]], [2, 6, 'Ana'])
})
