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
  // The scenario file was checked for unknown ones.
  const value = (key: string) => cellOf(key, data, person) ?? ''
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

/** What is filled in, by its key. */
export const CELLS = /\{\{\s*([^}]*?)\s*\}\}/g

function replaceIn(text: string, value: (key: string) => string): string {
  return text.includes('{{') ? text.replace(CELLS, (_, key: string) => value(key)) : text
}

/** `person` is their number; `name.column` a cell of the data, each of which may have dots. Undefined when there is none. */
export function cellOf(key: string, data: Custom['data'], person: number): string | undefined {
  if (key === 'person') return String(person)
  for (const [name, rows] of Object.entries(data)) {
    const cell = key.startsWith(`${name}.`) && rows[(person - 1) % rows.length]?.[key.slice(name.length + 1)]
    if (typeof cell === 'string') return cell
  }
  return undefined
}
