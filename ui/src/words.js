// What the composer says, in the language of whoever uses it; English is the key. The build collects
// every t('…') into words.json, from which the server makes the dictionary.
let dictionary = {}

export const learn = (words) => { dictionary = words ?? {} }

export function t(text, values = {}) {
  return (dictionary[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}
