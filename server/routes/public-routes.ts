import { z } from 'zod'
import type { RouteDescription } from '../openapi/route-description.ts'
import { REDEEM_ROUTES } from './describe-redeem.ts'
import { DOCS_ROUTES } from './docs.ts'
import { PAGE_PATH } from './page.ts'
import { REBIND_ROUTE } from './rebind.ts'
import { STATUS_ROUTES } from './status.ts'

const HEALTH_ROUTE: RouteDescription = {
  method: 'get',
  path: '/health',
  id: 'readHealth',
  tag: 'Health',
  summary: 'Whether this server is up',
  answer: { status: 200, description: 'It is', schema: z.strictObject({ status: z.literal('up') }) },
  problems: [],
}

const PAGE_ROUTE: RouteDescription = {
  method: 'get',
  path: PAGE_PATH,
  id: 'readPage',
  tag: 'Redeem',
  summary: 'The page where people redeem',
  answer: { status: 200, description: 'A page in the language that is asked for', type: 'text/html' },
  problems: [],
}

const ROOT_ROUTE: RouteDescription = {
  method: 'get',
  path: '/',
  id: 'findPage',
  tag: 'Redeem',
  summary: 'Where the page is',
  answer: {
    status: 303,
    description: 'The page',
    type: 'text/plain',
    headers: { Location: { description: 'Its path', example: PAGE_PATH } },
  },
  problems: [],
}

/** What anybody may ask of the public port, as the document tells it. */
export const PUBLIC_ROUTES: readonly RouteDescription[] = [
  ...REDEEM_ROUTES,
  REBIND_ROUTE,
  ...STATUS_ROUTES,
  ROOT_ROUTE,
  PAGE_ROUTE,
  HEALTH_ROUTE,
  ...DOCS_ROUTES,
]
