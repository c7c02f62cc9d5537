import { readFileSync, readdirSync } from 'node:fs'
import { svelte } from '@sveltejs/vite-plugin-svelte'

const ICONS = `arrow-down arrow-up ban bold bookmark bookmark-plus braces calendar-clock chart-no-axes-column check chevron-down chevron-left
  chevron-right circle-alert circle-check clock copy ellipsis external-link eye file-text globe grip-vertical history image inbox
  italic key-round link link-2-off list list-checks list-ordered log-out mail megaphone message-square-quote minus monitor moon
  newspaper palette pause play plug plus redo-2 rocket rows-3 send send-horizontal settings share-2 shield-check smartphone sun
  trash-2 triangle-alert undo-2 upload user users users-round x`.split(/\s+/)

// One picture of all icons, for the composer and for pages made on the server.
const sprite = () => ({
  name: 'sprite',
  generateBundle() {
    const { icons, aliases } = JSON.parse(readFileSync('node_modules/@iconify-json/lucide/icons.json', 'utf8'))
    const symbol = (name) => {
      const icon = icons[name] ?? icons[aliases[name]?.parent]
      if (!icon) this.error(`There is no icon ${name}.`)
      return `<symbol id="${name}" viewBox="0 0 24 24">${icon.body}</symbol>`
    }
    const source = `<svg xmlns="http://www.w3.org/2000/svg">${ICONS.map(symbol).join('')}</svg>`
    this.emitFile({ type: 'asset', fileName: 'icons.svg', source })
  },
})

// Everything the composer says, for translators and for the dictionary that the server hands over.
const words = () => ({
  name: 'words',
  generateBundle() {
    const files = readdirSync('src', { recursive: true }).filter((file) => /\.(svelte|js)$/.test(file))
    const said = files.flatMap((file) => [...readFileSync(`src/${file}`, 'utf8').matchAll(/\bt\('((?:[^'\\]|\\.)+)'/g)])
    const source = JSON.stringify([...new Set(said.map((match) => match[1].replaceAll("\\'", "'")))].sort(), null, 1)
    this.emitFile({ type: 'asset', fileName: 'words.json', source })
  },
})

// The compiler's warnings, those about accessibility among them, end the build.
const onwarn = (warning) => {
  throw new Error(`${warning.filename}:${warning.start?.line ?? ''} ${warning.code}: ${warning.message}`)
}

export default {
  plugins: [svelte({ onwarn }), sprite(), words()],
  base: './',
  build: {
    outDir: '../mailer/web/static/dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: { input: { composer: 'src/composer.js' } },
  },
}
