// Web addresses as people write them.
/** @param {string | null | undefined} href */
export const linkable = (href) => /^\s*(https?:\/\/[^\s/?#]|mailto:\S|tel:\S)/i.test(href ?? '')

/**
 * "example.org/x" gets its https://, "ann@example.org" its mailto:; '' for what can be no address.
 * @param {string} typed
 */
export function address(typed) {
  const text = typed.trim(), spaceless = text.replace(/\s/g, '%20')
  if (!text || linkable(text)) return spaceless
  if (/^[^\s@/]+@[^\s@/]+\.[a-z]{2,}$/i.test(text)) return `mailto:${text}`
  return /^\/*[^\s/?#:@]+\.[^\s/?#:@]{2,}([/?#:]|$)/.test(text) ? `https://${spaceless.replace(/^\/+/, '')}` : ''
}
