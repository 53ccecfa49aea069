import { createRandom } from '../../analysis/random.ts'
import type { Answer, CustomStep, OutgoingRequest, Recipe, Script } from './recipe.ts'
import type { Custom } from './requests.ts'

type Template = Custom['requests'][number]

/** Each person sends one request of a team's own scenario, drawn by weight, with a row of the data. */
export function createCustom({ requests, data, seed }: Custom): Recipe {
  const random = createRandom(seed)
  let sum = 0
  const ends = requests.map((template) => {
    sum += template.weight
    return { template, end: sum }
  })
  const draw = (): Template => {
    const at = random() * sum
    return (ends.find(({ end }) => at < end)?.template ?? requests[0]) as Template
  }
  function* visit(person: number): Script {
    yield fillIn(draw(), data, person)
  }
  const steps = requests.map(({ name }) => stepOf(name)) as [CustomStep, ...CustomStep[]]
  return { steps, visit, mostPeople: Number.POSITIVE_INFINITY, room: null }
}

function fillIn(template: Template, data: Custom['data'], person: number): OutgoingRequest {
  const { name, method, path, headers, body, status, body_contains: contains } = template
  const value = (key: string) => cellOf(key, data, person)
  const quote = (text: string) => JSON.stringify(text).slice(1, -1)
  return {
    step: stepOf(name),
    email: '',
    code: '',
    method,
    path: replaceIn(path, (key) => encodeURIComponent(value(key))),
    headers: Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, replaceIn(text, value)])),
    ...(body !== null && { body: replaceIn(body, (key) => quote(value(key))) }),
    isGood: (answer: Answer) => status.includes(answer.status) && (contains === null || answer.body.includes(contains)),
  }
}

function stepOf(name: string): CustomStep {
  return `custom:${name}`
}

function replaceIn(text: string, value: (key: string) => string): string {
  return text.includes('{{') ? text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, key: string) => value(key)) : text
}

/** `person` is their number; `name.column` a cell of the data. The scenario file was checked for unknown ones. */
function cellOf(key: string, data: Custom['data'], person: number): string {
  if (key === 'person') return String(person)
  const [name = '', column = ''] = key.split('.')
  const rows = data[name] ?? []
  return rows[(person - 1) % rows.length]?.[column] ?? ''
}
