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

// Google Docs writes empty lines between paragraphs, which stand apart in a mail anyway; and a picture, which
// no text can hold, leaves its paragraph behind.
const BETWEEN = /(<\/(?:p|ul|ol|h[1-6]|table|blockquote)>\s*)(?:<br\b[^>]*>\s*)+(?=<(?:p|ul|ol|h[1-6]|table|blockquote|div)\b)/gi
const EMPTIED = /<p\b[^>]*>(?:\s|<\/?span\b[^>]*>)*<img\b[^>]*>(?:\s|<\/?span\b[^>]*>|<img\b[^>]*>)*<\/p>/gi
/** @param {string} html */
const closed = (html) => html.replace(BETWEEN, '$1').replace(EMPTIED, '')

/** @param {string} html */
export const legible = (html) => closed(hushed(listed(html)).replace(/<br[^>]*Apple-interchange-newline[^>]*>/gi, ''))
