import type { ModelAttributeColumnOptions, ModelStatic } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../../testing/test-stores.ts'
import { defineModels, type Models } from './define-models.ts'

/** An archive has the columns of its table, and nobody asks for its rows one by one. */
const TABLES = `
SELECT relname AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations'
  AND relname NOT LIKE '%\\_archive'
ORDER BY 1`

const COLUMNS = `
SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable, is_identity = 'YES'
         OR coalesce(column_default LIKE 'nextval(%', false) AS "autoIncrement"
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`

/** p: primary, u: unique, f: foreign keys, with their columns in order. */
const KEYS = `
SELECT c.contype AS type, CASE c.contype WHEN 'f' THEN c.confrelid::regclass::text ELSE '' END AS target,
       (SELECT json_agg(a.attname ORDER BY k.position) FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) AS columns
FROM pg_constraint c WHERE c.conrelid = $1::regclass AND c.contype IN ('p', 'u', 'f')`

interface Column {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly autoIncrement: boolean
}
interface Key {
  readonly type: string
  readonly target: string
  readonly columns: string[]
}

const byJson = (a: unknown, b: unknown) => JSON.stringify(a).localeCompare(JSON.stringify(b))

function columnsOf(model: ModelStatic<never>): Column[] {
  return Object.entries<ModelAttributeColumnOptions>(model.getAttributes()).map(([name, attribute]) => ({
    name: attribute.field ?? name,
    type: String((attribute.type as { toSql(): string }).toSql()).toLowerCase(),
    nullable: attribute.allowNull !== false,
    autoIncrement: attribute.autoIncrement ?? false,
  }))
}

function keysOf(model: ModelStatic<never>): Key[] {
  const attributes = Object.entries<ModelAttributeColumnOptions>(model.getAttributes())
  const unique = (model as unknown as { uniqueKeys: Record<string, { fields: string[] }> }).uniqueKeys
  const foreign = attributes.flatMap(([name, { references }]) =>
    references === undefined
      ? []
      : [{ type: 'f', target: String((references as { model: string }).model), columns: [name] }],
  )
  return [
    { type: 'p', target: '', columns: [...model.primaryKeyAttributes] },
    ...Object.values(unique).map(({ fields }) => ({ type: 'u', target: '', columns: fields })),
    ...foreign,
  ]
}

describe('the models', () => {
  let stores: TestStores
  let models: Models
  beforeAll(async () => {
    stores = await createTestStores()
    models = defineModels(stores.db.sequelize)
  })
  afterAll(() => stores.close())

  test('there is one for each table', async () => {
    const tables = await stores.sql<{ name: string }>(TABLES)
    const named = Object.values(models).map((model) => String(model.getTableName()))
    expect(named.sort()).toEqual(tables.map(({ name }) => name))
  })

  test('each has the columns, types, nullability and keys that the migrations make', async () => {
    for (const model of Object.values(models) as ModelStatic<never>[]) {
      const table = String(model.getTableName())
      const columns = await stores.sql<Column>(COLUMNS, [table])
      const keys = await stores.sql<Key>(KEYS, [table])
      expect({ table, columns: columnsOf(model).sort(byJson) }).toEqual({ table, columns: columns.sort(byJson) })
      expect({ table, keys: keysOf(model).sort(byJson) }).toEqual({ table, keys: keys.sort(byJson) })
    }
  })
})
