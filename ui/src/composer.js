import { mount } from 'svelte'
import Composer from './Composer.svelte'
import { newId } from './kinds.js'
import { learn } from './words.js'
import './composer.css'

const [words, target] = ['boot', 'composer'].map((id) => /** @type {HTMLElement} */ (document.getElementById(id)))
const boot = JSON.parse(words.textContent ?? '')
learn(boot.words)

// Each window keeps what the server has not got under a key of its own, locked as long as it is open, where
// the browser can do that: so the next one knows which copies are nobody's any more.
const copy = `mailer-issue-${boot.issue.id}-${newId()}`
const open = new Set()
if (navigator.locks) {
  const { held = [] } = await navigator.locks.query()
  for (const { name = '' } of held) open.add(name)
  navigator.locks.request(copy, () => new Promise(() => {}))
}
mount(Composer, { target, props: { ...boot, copy, open } })
