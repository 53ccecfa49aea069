// A server that knows nothing of Redline: GET /notes/:id, POST /notes, and GET /count. Usage: node notes-server.js PORT
import { createServer } from 'node:http'

/** @type {Map<string, string>} */
const notes = new Map()

const server = createServer(async (request, response) => {
  const send = (/** @type {number} */ status, /** @type {object} */ body) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }
  const [, collection, id] = (request.url ?? '').split('/')
  if (collection === 'count') return send(200, { notes: notes.size })
  if (collection !== 'notes') return send(404, { error: 'no such page' })
  if (request.method === 'GET') return send(200, { id, text: notes.get(id ?? '') ?? null })
  let body = ''
  for await (const chunk of request) body += chunk
  const note = JSON.parse(body)
  notes.set(note.author, note.text)
  send(201, { id: note.author })
})

server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' ? address?.port : address}\n`)
})
