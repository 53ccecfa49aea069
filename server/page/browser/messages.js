import { ENGLISH } from './messages-en.js'
import { CHINESE } from './messages-zh.js'

/** @typedef {'en' | 'zh'} Language */
/** @typedef {keyof typeof ENGLISH} MessageKey */

/** The first one is for whoever wants neither. @type {readonly [Language, Language]} */
export const LANGUAGES = ['en', 'zh']

/** Also read by the server, which fills the HTML. @type {Readonly<Record<Language, typeof ENGLISH>>} */
export const MESSAGES = { en: ENGLISH, zh: CHINESE }
