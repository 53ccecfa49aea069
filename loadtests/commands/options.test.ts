import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import {
  parseChoice,
  parseChoices,
  parseHttpUrl,
  parseMilliseconds,
  parseSeconds,
  parseShare,
  parseWholeNumber,
} from './options.ts'
import { formatRate, parseRate } from './rate-option.ts'

describe('parseWholeNumber', () => {
  it.each([
    ['1', 1],
    ['10000', 10_000],
    [' 7 ', 7],
  ])('takes %j', (text, number) => {
    expect(parseWholeNumber(1)(text)).toBe(number)
  })

  it.each(['0', '-5', '1.5', '1e3', '0x10', 'ten', '', ' ', '9007199254740993'])('refuses %j', (text) => {
    expect(() => parseWholeNumber(1)(text)).toThrow('expected a whole number of at least 1.')
  })

  it('says both bounds when there are two', () => {
    expect(() => parseWholeNumber(0, 65_535)('65536')).toThrow('expected a whole number from 0 to 65535.')
  })
})

describe('parseSeconds', () => {
  it.each([
    ['0.5', 0.5],
    ['30', 30],
    ['10s', 10],
    ['0.5s', 0.5],
  ])('takes %j', (text, number) => expect(parseSeconds(text)).toBe(number))

  it.each(['0', '-1', 'Infinity', 'NaN', '', '5ms', '5m', 's', '1e9', '0s'])('refuses %j', (text) => {
    expect(() => parseSeconds(text)).toThrow(InvalidArgumentError)
  })
})

describe('parseMilliseconds', () => {
  it.each([
    ['2ms', 2],
    ['0.5s', 500],
    ['0.25', 0.25],
    ['0', 0],
  ])('takes %j', (text, number) => {
    expect(parseMilliseconds(text)).toBe(number)
  })

  it.each(['-2ms', '2 ms', '2m', '', '11s'])('refuses %j', (text) => {
    expect(() => parseMilliseconds(text)).toThrow('expected a time such as 2ms or 0.5s, at most 10s.')
  })
})

describe('parseChoices', () => {
  const choices = ['none', 'in-process', 'token-bucket'] as const

  it('takes a list once each, and single ones', () => {
    expect(parseChoices(choices)('none, token-bucket,none')).toEqual(['none', 'token-bucket'])
    expect(parseChoice(choices)('in-process')).toBe('in-process')
  })

  it('names the nearest one, or all when none is near', () => {
    expect(() => parseChoices(choices)('none,tokenbuket')).toThrow(
      '"tokenbuket" is none of none, in-process, token-bucket. Did you mean token-bucket?',
    )
    expect(() => parseChoice(choices)('zzzzzzzz')).toThrow(/"zzzzzzzz" is none of none, in-process, token-bucket\.$/)
    expect(() => parseChoices(choices)('')).toThrow(InvalidArgumentError)
  })
})

describe('parseHttpUrl', () => {
  it('takes the URL without its last slash', () => {
    expect(parseHttpUrl('http://127.0.0.1:9100/')).toBe('http://127.0.0.1:9100')
  })

  it.each(['127.0.0.1:9100', 'redis://localhost', ''])('refuses %j', (text) => {
    expect(() => parseHttpUrl(text)).toThrow('expected a URL such as http://127.0.0.1:9100.')
  })
})

describe('parseShare', () => {
  it.each([
    ['5%', 0.05],
    ['2.5%', 0.025],
    ['0.1', 0.1],
  ])('%s', (text, share) => expect(parseShare(text)).toBeCloseTo(share, 12))

  it.each(['0', '0%', '100%', '5', '-5%', 'narrow', ''])('refuses "%s"', (text) => {
    expect(() => parseShare(text)).toThrow('expected a share such as 5%')
  })
})

describe('parseRate', () => {
  it.each<[string, ReturnType<typeof parseRate>]>([
    ['200', { model: 'constant', rate: 200 }],
    ['0.5', { model: 'constant', rate: 0.5 }],
    ['0..500', { model: 'ramp', from: 0, to: 500 }],
    ['100, 200,400', { model: 'steps', rates: [100, 200, 400] }],
  ])('%s', (text, arrivals) => {
    expect(parseRate(text)).toEqual(arrivals)
    expect(parseRate(formatRate(arrivals))).toEqual(arrivals)
  })

  it.each(['', '0', '-5', 'fast', '1..', '10..0', '1,,2', '1e9', '200000'])('refuses "%s"', (text) => {
    expect(() => parseRate(text)).toThrow('expected people per second such as 200')
  })
})
