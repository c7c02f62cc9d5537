// Order changed by pointer (mouse, pen, finger) and by keyboard; every step is also spoken.
import { t } from './words.js'

const EDGE = 72

export class Reorder {
  dragging = $state(/** @type {string | null} */ (null))
  lifted = $state(/** @type {string | null} */ (null))
  message = $state('')

  from = 0

  /**
   * ids(): the order now. name(id): its words. scroller(): what scrolls.
   * @param {{ ids: () => string[], move: (id: string, to: number) => void, name: (id: string) => string, scroller: () => HTMLElement }} list
   */
  constructor({ ids, move, name, scroller }) {
    this.ids = ids
    this.move = move
    this.name = name
    this.scroller = scroller
  }

  /** @param {string} id */
  where(id) { return t('position {n} of {all}', { n: this.ids().indexOf(id) + 1, all: this.ids().length }) }
  /** @param {string} id */
  say(id) { this.message = `${this.name(id)}, ${this.where(id)}.` }

  /** @param {PointerEvent} event @param {string} id */
  start = (event, id) => {
    if (event.button || this.lifted) return
    const grip = /** @type {HTMLElement} */ (event.currentTarget)
    const card = /** @type {HTMLElement} */ (grip.closest('[data-block]')), list = /** @type {HTMLElement} */ (card.parentElement)
    const y0 = event.clientY
    let y = y0, frame = 0, offset = 0
    grip.setPointerCapture(event.pointerId)
    const step = () => {
      this.#scroll(y)
      const top = y - list.getBoundingClientRect().top - offset
      const middle = top + card.offsetHeight / 2
      const others = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(':scope > [data-block]'))].filter((other) => other !== card)
      const to = others.filter((other) => middle > other.offsetTop + other.offsetHeight / 2).length
      if (to !== this.ids().indexOf(id)) this.move(id, to)
      card.style.translate = `0 ${y - list.getBoundingClientRect().top - offset - card.offsetTop}px`
      frame = requestAnimationFrame(step)
    }
    const moved = (/** @type {PointerEvent} */ e) => {
      y = e.clientY
      if (frame || Math.abs(y - y0) <= 4) return
      this.dragging = id
      offset = Math.min(y0 - card.getBoundingClientRect().top, 28)
      frame = requestAnimationFrame(step)
    }
    const end = () => {
      cancelAnimationFrame(frame)
      grip.removeEventListener('pointermove', moved)
      card.style.translate = ''
      if (this.dragging) this.message = t('{name} dropped at {where}.', { name: this.name(id), where: this.where(id) })
      this.dragging = null
      card.scrollIntoView({ block: 'nearest' })
    }
    grip.addEventListener('pointermove', moved)
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) grip.addEventListener(type, end, { once: true })
  }

  /** @param {number} y */
  #scroll(y) {
    const pane = this.scroller(), box = pane.getBoundingClientRect()
    const over = y < box.top + EDGE ? y - box.top - EDGE : y > box.bottom - EDGE ? y - box.bottom + EDGE : 0
    if (over) pane.scrollTop += over / 6
  }

  /** @param {KeyboardEvent} event @param {string} id @param {() => void} refocus */
  key = (event, id, refocus) => {
    const at = this.ids().indexOf(id)
    const go = (/** @type {number} */ to) => {
      if (to < 0 || to >= this.ids().length) return
      this.move(id, to)
      this.say(id)
      refocus()
    }
    const holds = this.lifted === id
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault()
      this.from = at
      this.lifted = holds ? null : id
      this.message = holds
        ? t('{name} dropped at {where}.', { name: this.name(id), where: this.where(id) })
        : t('{name} picked up, {where}. Arrow keys move it, Space drops it, Escape takes it back.', { name: this.name(id), where: this.where(id) })
      refocus()
    } else if (event.key === 'Escape' && holds) {
      event.stopPropagation()
      this.lifted = null
      go(this.from)
      this.message = t('The move was taken back.')
    } else if (holds && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault()
      go(at + (event.key === 'ArrowUp' ? -1 : 1))
    }
  }
}
