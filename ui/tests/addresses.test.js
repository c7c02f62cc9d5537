import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address } from '../src/addresses.js'

test('an address is written as people write it, and completed', () => {
  const written = {
    'example.org': 'https://example.org', ' //example.org/a page ': 'https://example.org/a%20page', 'example.org:8000/x': 'https://example.org:8000/x',
    'ann@example.org': 'mailto:ann@example.org', 'mailto:ann@example.org': 'mailto:ann@example.org', 'tel:+49123': 'tel:+49123', 'http://example.org/ü': 'http://example.org/ü', '': '',
  }
  for (const [typed, wanted] of Object.entries(written)) assert.equal(address(typed), wanted)
})

test('what can be no address is none', () => {
  for (const typed of ['half an address', 'The river. Is back', 'javascript:alert(1)', 'ftp://example.org', 'word', '/path']) assert.equal(address(typed), '')
})
