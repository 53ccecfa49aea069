import type { Mail } from './mail-messages.ts'
import type { MailStore } from './mail-store.ts'

const MAILS_SHOWN = 200

/** A page on which a person finds the invite that was just sent; the newest mail stands first. */
export function renderMailPage(store: MailStore): string {
  const first = Math.max(0, store.count - MAILS_SHOWN)
  const rows = store.list(first, MAILS_SHOWN).map((mail, offset) => renderRow(mail, first + offset))
  const table = `<table><thead><tr><th>Received</th><th>To</th><th>Subject</th><th>Redemption</th></tr></thead>
<tbody>${rows.reverse().join('\n')}</tbody></table>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mails received</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ccc}</style>
</head><body><h1>Mails received</h1>
<p>${store.count} so far${first > 0 ? `, the newest ${MAILS_SHOWN} are shown` : ''}. Reload to see more.</p>
${store.count > 0 ? table : '<p>Nothing has arrived yet.</p>'}
</body></html>`
}

function renderRow(mail: Mail, index: number): string {
  const received = new Date(mail.received_at_ms).toISOString()
  return `<tr><td>${received}</td><td>${escapeHtml(mail.to)}</td>
<td><a href="/mails/${index}">${escapeHtml(mail.subject || '(no subject)')}</a></td>
<td>${escapeHtml(mail.redemption_id ?? '')}</td></tr>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
