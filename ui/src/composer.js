import { mount } from 'svelte'
import Composer from './Composer.svelte'
import { learn } from './words.js'
import './composer.css'

const [words, target] = ['boot', 'composer'].map((id) => /** @type {HTMLElement} */ (document.getElementById(id)))
const boot = JSON.parse(words.textContent ?? '')
learn(boot.words)
mount(Composer, { target, props: boot })
