import { readFile } from 'node:fs/promises'
import { Html, html } from '../html.ts'

export interface Page {
  readonly title: string
  readonly header: Html
  readonly sections: readonly Html[]
}

/** A report without scripts: one file that opens offline, its style inside. */
export async function renderPage({ title, header, sections }: Page): Promise<string> {
  const styles = await Promise.all(
    ['./page.css', './figures.css'].map((file) => readFile(new URL(file, import.meta.url), 'utf8')),
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(styles.join('\n'))}</style>
</head>
<body>
${header}
<main>
${sections}
</main>
</body>
</html>
`.text
}
