import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { renderDashboards } from './render-dashboards.ts'

const directory = new URL('json/', import.meta.url)
const files = renderDashboards()
for (const name of readdirSync(directory)) if (!files.has(name)) rmSync(new URL(name, directory))
for (const [name, text] of files) writeFileSync(new URL(name, directory), text)
