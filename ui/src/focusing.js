// Arrow keys within a group that is one stop of the Tab key.

const KEYS = /** @type {Record<string, number | undefined>} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 })

/**
 * The focus goes to the next or the previous of some elements, round and round; of those *keys* only.
 * @param {KeyboardEvent} event @param {ParentNode} box @param {string} which @param {string[]} [keys]
 */
export function goRound(event, box, which, keys = Object.keys(KEYS)) {
  const by = keys.includes(event.key) ? KEYS[event.key] : undefined
  const all = [.../** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll(which))]
  if (!by || !all.length) return
  event.preventDefault()
  const at = all.findIndex((one) => one === document.activeElement)
  all.at(at < 0 && by < 0 ? -1 : (at + by) % all.length)?.focus()
}
