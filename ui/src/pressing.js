// While somebody presses a button of the mouse nothing moves: what is clicked on has to stay under the pointer.
let pressed = false
addEventListener('pointerdown', () => (pressed = true), true)
for (const type of ['pointerup', 'pointercancel']) addEventListener(type, () => (pressed = false), true)

/** At once; where a press made the field lose the focus, once its click is done. @param {() => void} work */
export function afterTheClick(work) {
  if (!pressed) return work()
  const over = new AbortController()
  for (const type of ['pointerup', 'pointercancel']) addEventListener(type, () => { over.abort(); setTimeout(work) }, { signal: over.signal })
}
