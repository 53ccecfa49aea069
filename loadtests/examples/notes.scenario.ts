import { defineScenario } from '../scenario-file.ts'

export default defineScenario({
  name: 'notes',
  description: 'three of four people read a note, one writes one',
  url: 'http://127.0.0.1:8080',
  arrivals: { model: 'poisson', rate: 100, seed: 1 },
  seconds: 10,
  data: { authors: 'authors.csv' },
  requests: [
    {
      name: 'read',
      weight: 3,
      path: '/notes/{{authors.name}}',
      checks: { status: [200], body_contains: '"id"' },
    },
    {
      name: 'write',
      method: 'POST',
      path: '/notes',
      body: { author: '{{authors.name}}', text: 'note {{person}} about {{authors.topic}}' },
      checks: { status: [201] },
    },
  ],
  targets: [
    { name: 'people do not wait', measure: 'latency_p99_ms', at_most: 200, unit: 'ms' },
    { name: 'hardly anything fails', measure: 'availability', at_least: 0.999 },
  ],
  // As many notes as authors: whatever the load did, nothing was lost or made up.
  verify: ['node', 'verify-notes.js', '3'],
})
