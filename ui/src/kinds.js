// The kinds of blocks an issue consists of: how they begin, and what they are called by.
// The shapes are those of mailer/blocks.py, with "" where the server has nothing.
import { t } from './words.js'

const button = () => ({ label: '', url: '' })
/** The first words of a text. @param {string} html */
const words = (html) => html.replace(/<[^>]+>/g, ' ').replace(/&nbsp;|\s+/g, ' ').replace(/&amp;/g, '&').trim().slice(0, 90)

export const CHANNELS = { email: 'E-mail', whatsapp: 'WhatsApp', facebook: 'Facebook', bluesky: 'Bluesky', mastodon: 'Mastodon', telegram: 'Telegram', x: 'X', linkedin: 'LinkedIn' }

/** @typedef {{ name: string, icon: string, hint: string, make: () => Record<string, any> }} Kind */
/** @returns {Record<string, Kind>} */
export const kinds = () => ({
  update: { name: t('Update'), icon: 'newspaper', hint: t('News: a headline, text and a button'), make: () => ({ headline: '', body: '', button: button() }) },
  urgent: { name: t('Urgent call'), icon: 'megaphone', hint: t('A call that cannot wait, with its last day'), make: () => ({ headline: '', body: '', deadline: '', button: button() }) },
  actions: { name: t('List of actions'), icon: 'list-checks', hint: t('Several things to do, each with its link'), make: () => ({ headline: '', body: '', items: [item()] }) },
  response: { name: t('Response'), icon: 'message-square-quote', hint: t('Somebody answered: their words, your view'), make: () => ({ headline: '', who: '', role: '', quote: '', view: '', button: button() }) },
  media: { name: t('Picture or video'), icon: 'image', hint: t('With words for those who do not see it'), make: () => ({ media: 'image', headline: '', image: '', alt: '', url: '', body: '', button: button() }) },
  text: { name: t('Text'), icon: 'file-text', hint: t('Words without a headline'), make: () => ({ body: '' }) },
  share: { name: t('Share'), icon: 'share-2', hint: t('Asks readers to pass it on'), make: () => ({ headline: '', body: '', url: '', message: '', channels: ['email', 'whatsapp', 'facebook', 'bluesky'] }) },
  divider: { name: t('Divider'), icon: 'minus', hint: t('A line between parts'), make: () => ({}) },
})

export const item = () => ({ title: '', url: '', note: '' })
export const newId = () => crypto.getRandomValues(new Uint32Array(2)).reduce((id, n) => id + n.toString(36), 'b')
/** @param {string} kind @returns {import('./types').Block} */
export const make = (kind) => ({ id: newId(), kind, ...kinds()[kind].make() })
/** @param {import('./types').Block} block */
export const copyOf = (block) => ({ ...structuredClone(block), id: newId() })

/** What a block is called where only one line of it is shown. @param {import('./types').Block} block */
export function title(block) {
  const { kind, headline, who, alt, body, quote } = block
  return headline || (kind === 'response' && who) || (kind === 'media' && alt) || words(body ?? '') || words(quote ?? '') || kinds()[kind].name
}

/** @param {import('./types').Block} block */
export const isEmpty = (block) => {
  const { id: _, kind, ...fields } = block
  return kind !== 'divider' && JSON.stringify(fields) === JSON.stringify(kinds()[kind].make())
}
