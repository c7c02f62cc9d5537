// What the composer says, in the language of whoever uses it; English is the key. The build collects
// every t('…') into words.json, from which the server makes the dictionary.
/** @type {Record<string, string>} */
let dictionary = {}

/** @param {Record<string, string>} [words] */
export const learn = (words) => { dictionary = words ?? {} }

/** A number with the digits of the page's language. @param {number} value */
export const digits = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value)

/** @param {string} text @param {Record<string, unknown>} [values] */
export function t(text, values = {}) {
  return (dictionary[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => { const value = values[name]; return typeof value === 'number' ? digits(value) : String(value ?? whole) })
}
