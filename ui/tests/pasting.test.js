import assert from 'node:assert/strict'
import { test } from 'node:test'
import { legible } from '../src/pasting.js'

const item = (marker, words) => `<p class=MsoListParagraphCxSpMiddle style='mso-list:l0'><![if !supportLists]><span>${marker}<span>&nbsp;&nbsp; </span></span><![endif]>${words}</p>\n`

test('the lists of Word are lists, with bullets or with numbers', () => {
  assert.equal(legible(item('·', 'one') + item('·', '<b>two</b>')), '<ul><li>one</li><li><b>two</b></li></ul>\n')
  assert.equal(legible(item('1.', 'one').replaceAll('<![', '<!--[').replaceAll(']>', ']-->') + item('b)', 'two')), '<ol><li>one</li><li>two</li></ol>\n')
})

test('a paragraph of that class without a marker stays one', () => {
  assert.equal(legible('<p class="MsoListParagraph">words</p>'), '<p class="MsoListParagraph">words</p>')
})

test('style sheets and scripts are gone, and what is said by style is kept aside', () => {
  assert.equal(legible('<style>p { margin: 0 }</style><xml><w/></xml><p style="font-weight:700" onclick="x">a</p><br class="Apple-interchange-newline">'), '<p data-style="font-weight:700" data-off="x">a</p>')
})

test('no empty lines come along: neither those of Google Docs between paragraphs nor what a picture leaves behind', () => {
  assert.equal(legible('<p>a</p><br><ul><li>b</li></ul><br /><p dir="ltr">c<br>d</p><p><span><img src="x.png"></span></p>'), '<p>a</p><ul><li>b</li></ul><p dir="ltr">c<br>d</p>')
})
