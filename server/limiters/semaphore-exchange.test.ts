import { expect, test } from 'vitest'
import { createExchange } from './semaphore-exchange.ts'

/** A Redis where everybody who asks has a place since 7, at 9. */
function openExchange(fails = false) {
  const sent: (string | number)[][] = []
  const admitted: string[] = []
  const run = async ([leaving = 0, ...tokens]: readonly (string | number)[]) => {
    sent.push([leaving, ...tokens])
    await new Promise(setImmediate)
    if (fails) throw new Error('Redis is away')
    return [9, ['next'], ...tokens.slice(Number(leaving)).map(() => 7)]
  }
  const exchange = createExchange(run, (token, grantedAt) => admitted.push(`${token} ${grantedAt}`))
  return { sent, admitted, exchange }
}

test('what one turn of the event loop gives back and asks for is one script, in order of arrival', async () => {
  const { sent, admitted, exchange } = openExchange()
  const answers = await Promise.all([exchange.ask('a'), exchange.giveBack('x'), exchange.ask('b')])
  expect(sent).toEqual([[1, 'x', 'a', 'b']])
  expect(answers).toMatchObject([{ now: 9, grantedAt: 7 }, undefined, { now: 9, grantedAt: 7 }])
  expect(admitted).toEqual(['next 9'])
})

test('who comes while a script is under way goes with the next one', async () => {
  const { sent, exchange } = openExchange()
  const first = exchange.ask('a')
  await new Promise(process.nextTick)
  await Promise.all([first, exchange.ask('b'), exchange.ask('c')])
  expect(sent).toEqual([
    [0, 'a'],
    [0, 'b', 'c'],
  ])
})

test('no script has more than 200 tokens of a kind', async () => {
  const { sent, exchange } = openExchange()
  const tokens = Array.from({ length: 450 }, (_, n) => `t${n}`)
  await Promise.all(tokens.map((token) => exchange.ask(token)))
  expect(sent.map((args) => args.length - 1)).toEqual([200, 200, 50])
  expect(sent.flatMap(([, ...asked]) => asked)).toEqual(tokens)
})

test('whoever was in a script that failed hears of it, and the next one is sent', async () => {
  const { sent, exchange } = openExchange(true)
  const results = await Promise.allSettled([exchange.ask('a'), exchange.giveBack('x')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(exchange.ask('b')).rejects.toThrow('Redis is away')
  expect(sent.length).toBe(2)
})
