import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const ruleFile = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
})

export type Rule = z.infer<typeof ruleFile>['groups'][number]['rules'][number]

/** Every rule of a folder beside this file, in the order of its files. */
export function readRules(folder: 'rules' | 'alerts'): Rule[] {
  const directory = new URL(`${folder}/`, import.meta.url)
  const files = readdirSync(directory).sort()
  return files.flatMap((file) => {
    const { groups } = ruleFile.parse(parse(readFileSync(new URL(file, directory), 'utf8')))
    return groups.flatMap(({ rules }) => rules)
  })
}

/** @throws when there is none */
export function readRunbook(alert: string): string {
  return readFileSync(new URL(`runbooks/${alert}.md`, import.meta.url), 'utf8')
}
