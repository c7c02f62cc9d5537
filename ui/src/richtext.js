// A small field for rich text on ProseMirror: paragraphs, bold, italic, links, lists, line breaks.
// Whatever is typed or pasted comes out as these and nothing else. Undo belongs to the whole issue: steps.js.
import { DOMParser, DOMSerializer, Schema } from 'prosemirror-model'
import { EditorState, Plugin, TextSelection } from 'prosemirror-state'
import { Decoration, DecorationSet, EditorView } from 'prosemirror-view'
import { baseKeymap, chainCommands, exitCode, toggleMark } from 'prosemirror-commands'
import { keymap } from 'prosemirror-keymap'
import { inputRules, wrappingInputRule } from 'prosemirror-inputrules'
import { liftListItem, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list'
import { address, linkable } from './addresses.js'
import { legible } from './pasting.js'

/**
 * @typedef {import('prosemirror-model').Node} Node @typedef {import('prosemirror-model').NodeType} NodeType
 * @typedef {import('prosemirror-model').MarkType} MarkType @typedef {import('prosemirror-state').Command} Command
 * @typedef {{ from: number, to: number, href: string }} Link  where it stands and leads
 * @typedef {{ bold: boolean, italic: boolean, link: boolean, bullets: boolean, numbers: boolean }} Active  at the cursor
 */

/** What a style attribute says. @param {RegExp} pattern @returns {import('prosemirror-model').TagParseRule} */
const styled = (pattern) => ({ tag: '[data-style]', consuming: false, getAttrs: (el) => pattern.test(el.dataset.style ?? '') && null })

export const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { group: 'block', content: 'inline*', parseDOM: [{ tag: 'p' }], toDOM: () => ['p', 0] },
    bullet_list: { group: 'block', content: 'list_item+', parseDOM: [{ tag: 'ul' }], toDOM: () => ['ul', 0] },
    ordered_list: { group: 'block', content: 'list_item+', parseDOM: [{ tag: 'ol' }], toDOM: () => ['ol', 0] },
    list_item: { content: 'paragraph block*', defining: true, parseDOM: [{ tag: 'li' }], toDOM: () => ['li', 0] },
    hard_break: { inline: true, group: 'inline', selectable: false, parseDOM: [{ tag: 'br' }], toDOM: () => ['br'] },
    text: { group: 'inline' },
  },
  marks: {
    link: {
      attrs: { href: {} }, inclusive: false,
      parseDOM: [{ tag: 'a[href]', getAttrs: (el) => { const href = el.getAttribute('href')?.trim(); return linkable(href) && { href } } }],
      toDOM: (mark) => ['a', { href: mark.attrs.href }, 0],
    },
    // Word and Google Docs say bold and italic by style attributes, which a strict policy empties: see pasting.js.
    em: { parseDOM: [{ tag: 'em' }, { tag: 'i' }, styled(/font-style:\s*italic/i)], toDOM: () => ['em', 0] },
    strong: {
      parseDOM: [{ tag: 'strong' }, { tag: 'b', getAttrs: (el) => !/font-weight:\s*(normal|400)/i.test(el.dataset.style ?? '') && null }, styled(/font-weight:\s*(bold|[6-9]00)/i)],
      toDOM: () => ['strong', 0],
    },
  },
})
const { nodes: N, marks: M } = schema

/** @param {string} html */
function parsed(html) {
  const page = document.implementation.createHTMLDocument('')
  page.body.innerHTML = html || '<p></p>'
  return DOMParser.fromSchema(schema).parse(page.body)
}

/** @param {Node} doc */
function written(doc) {
  if (!doc.textContent && doc.childCount === 1) return ''
  const box = document.createElement('div')
  box.append(DOMSerializer.fromSchema(schema).serializeFragment(doc.content))
  // Lines of a list stand close together: their one paragraph is not written.
  for (const p of box.querySelectorAll('li > p:first-child')) if (p.parentElement?.querySelectorAll(':scope > p').length === 1) p.replaceWith(...p.childNodes)
  return box.innerHTML
}

/** @param {EditorState} state @param {NodeType} type */
function inList(state, type) {
  const { $from } = state.selection
  for (let depth = $from.depth; depth > 0; depth--) if ([N.bullet_list, N.ordered_list].includes($from.node(depth).type)) return $from.node(depth).type === type
  return false
}

/** The link at the cursor, or what is to become one. @param {EditorState} state */
export function linkAt(state) {
  const { $from, from, to, empty } = state.selection
  let found = /** @type {Link | null} */ (null)
  if (!empty) {
    let href = ''
    state.doc.nodesBetween(from, to, (node) => { const mark = M.link.isInSet(node.marks); if (mark) href = mark.attrs.href })
    return { from, to, href }
  }
  $from.parent.forEach((node, offset) => {
    const mark = M.link.isInSet(node.marks), start = $from.start() + offset
    if (mark && start <= from && from <= start + node.nodeSize) found = { from: start, to: start + node.nodeSize, href: mark.attrs.href }
  })
  return found
}

/** Browsers tell of a selection a moment after it was made: what is pressed before that finds it known all the same. */
export const noticeSelection = () => { document.dispatchEvent(new Event('selectionchange')) }

/** @param {NodeType} type @returns {Command} */
const listing = (type) => (state, dispatch, view) => (inList(state, type) ? liftListItem(N.list_item) : wrapInList(type))(state, dispatch, view)
/** @type {Record<Exclude<keyof Active, 'link'>, Command>} */
export const commands = { bold: toggleMark(M.strong), italic: toggleMark(M.em), bullets: listing(N.bullet_list), numbers: listing(N.ordered_list) }

/** @param {EditorState} state @returns {Active} */
function active(state) {
  const { from, $from, to, empty } = state.selection
  /** @param {MarkType} type */
  const has = (type) => (empty ? !!type.isInSet(state.storedMarks || $from.marks()) : state.doc.rangeHasMark(from, to, type))
  return { bold: has(M.strong), italic: has(M.em), link: !!linkAt(state)?.href, bullets: inList(state, N.bullet_list), numbers: inList(state, N.ordered_list) }
}

/** @param {EditorView} view @param {{ from: number, to: number }} place @param {string} href  '' takes the link away */
export function setLink(view, { from, to }, href) {
  const tr = view.state.tr
  if (from === to && href) { tr.insertText(href.replace(/^(https?:\/\/|mailto:)/, ''), from); to = tr.mapping.map(to) }
  tr.removeMark(from, to, M.link)
  if (href) tr.addMark(from, to, M.link.create({ href }))
  view.dispatch(tr.setSelection(TextSelection.create(tr.doc, to)).scrollIntoView()) // and writing goes on after the link
  view.focus()
}

// Placeholders are shown as what they are: something that is filled in.
/** @param {Node} doc */
function marked(doc) {
  const found = /** @type {Decoration[]} */ ([])
  doc.descendants((node, pos) => {
    if (node.isText) for (const mark of (node.text ?? '').matchAll(/\[\[\s*[A-Za-z][\w.-]*\s*(\|[^[\]]*)?\]\]/g)) found.push(Decoration.inline(pos + mark.index, pos + mark.index + mark[0].length, { class: 'placeholder' }))
  })
  return DecorationSet.create(doc, found)
}

/** An address pasted over words makes them a link. @param {EditorView} view @param {ClipboardEvent} event */
const paste = (view, event) => {
  const text = event.clipboardData?.getData('text/plain').trim() ?? ''
  const { from, to, empty } = view.state.selection
  if (empty || !/^https?:\/\/\S+$/.test(text)) return false
  setLink(view, { from, to }, address(text))
  return true
}

/**
 * @param {HTMLElement} element
 * @param {{ value: string, label: string, described?: string, onChange: (html: string) => void, onState: (state: Active) => void, onLink: () => void }} field
 */
export function mount(element, { value, label, described, onChange, onState, onLink }) {
  const newLine = chainCommands(exitCode, /** @type {Command} */ ((state, dispatch) => { dispatch?.(state.tr.replaceSelectionWith(N.hard_break.create()).scrollIntoView()); return true }))
  let last = value || ''
  const view = new EditorView({ mount: element }, {
    attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': label, ...(described && { 'aria-describedby': described }) },
    state: EditorState.create({
      doc: parsed(value),
      plugins: [
        inputRules({ rules: [wrappingInputRule(/^\s*[-*]\s$/, N.bullet_list), wrappingInputRule(/^\s*1[.)]\s$/, N.ordered_list)] }),
        keymap({ 'Mod-b': commands.bold, 'Mod-i': commands.italic, 'Mod-k': () => (onLink(), true), Enter: splitListItem(N.list_item), 'Shift-Enter': newLine, Tab: sinkListItem(N.list_item), 'Shift-Tab': liftListItem(N.list_item) }),
        keymap(baseKeymap),
        new Plugin({ props: { transformPastedHTML: legible, handlePaste: paste, handleDOMEvents: { keydown: noticeSelection }, decorations: (state) => marked(state.doc) } }),
      ],
    }),
    dispatchTransaction(tr) {
      view.updateState(view.state.apply(tr))
      if (tr.docChanged) {
        empty()
        if (!tr.getMeta('outside')) { last = written(view.state.doc); onChange(last) }
      }
      onState(active(view.state))
    },
  })
  const empty = () => element.classList.toggle('is-empty', !view.state.doc.textContent && view.state.doc.childCount === 1)
  empty()
  return {
    view,
    /** Undo, or somebody else's version: only what differs is replaced, so that the cursor stays. @param {string} html */
    set(html) {
      if ((html || '') === last) return
      last = html || ''
      const next = parsed(last).content, now = view.state.doc.content
      const start = now.findDiffStart(next), end = now.findDiffEnd(next)
      if (start === null || end === null) return
      let { a, b } = end
      const overlap = start - Math.min(a, b)
      if (overlap > 0) { a += overlap; b += overlap }
      const tr = view.state.tr
      tr.replace(start, a, parsed(last).slice(start, b)).setMeta('outside', true)
      view.dispatch(tr)
    },
    /** @param {string} text */
    insert(text) { view.dispatch(view.state.tr.insertText(text).scrollIntoView()); view.focus() },
    destroy: () => view.destroy(),
  }
}
