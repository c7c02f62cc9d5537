import { mount } from 'svelte'
import Composer from './Composer.svelte'
import { learn } from './words.js'
import './composer.css'

const boot = JSON.parse(document.getElementById('boot').textContent)
learn(boot.words)
mount(Composer, { target: document.getElementById('composer'), props: boot })
