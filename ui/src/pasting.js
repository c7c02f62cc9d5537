// What the clipboard holds of Word, Outlook and Google Docs, as the editor can read it.

// A strict policy empties style attributes and complains of style sheets, also in documents nobody sees:
// what is said by style (bold, italic) is read from data-style.
/** @param {string} html */
const hushed = (html) => html
  .replace(/<(style|script|xml)\b[\s\S]*?<\/\1>/gi, '')
  .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, ' data-style=').replace(/\son[a-z]+\s*=/gi, ' data-off='))

// Word draws lists itself: paragraphs of a class, each with its bullet or number in a part for browsers of old.
const ITEM = /<p\b[^>]*\bMsoListParagraph[^>]*>([\s\S]*?)<\/p>/gi
const MARKER = /<!(?:--)?\[if !supportLists\](?:--)?>([\s\S]*?)<!(?:--)?\[endif\](?:--)?>/i
/** @param {string} html */
const listed = (html) => html.replace(ITEM, (/** @type {string} */ whole, /** @type {string} */ inner) => {
  const marker = inner.match(MARKER)?.[1].replace(/<[^>]*>|&nbsp;|\s/g, '')
  if (!marker) return whole
  const list = /^\(?[0-9a-z]{1,4}[.)]/i.test(marker) ? 'ol' : 'ul'
  return `<${list}><li>${inner.replace(MARKER, '')}</li></${list}>`
}).replace(/<\/(ul|ol)>\s*<\1>/g, '')

/** @param {string} html */
export const legible = (html) => hushed(listed(html)).replace(/<br[^>]*Apple-interchange-newline[^>]*>/gi, '')
