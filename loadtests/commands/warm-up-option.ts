import { Option } from 'commander'
import { QUICK_WARM_UP_PEOPLE, WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import { parseWholeNumber } from './options.ts'

/** @param usual what it is when nobody chooses, in words */
export function warmUpOption(usual = `${WARM_UP_PEOPLE}, --quick ${QUICK_WARM_UP_PEOPLE}`): Option {
  const text = 'redemptions by which processes begin, as fast as they are answered, until all code is compiled'
  return new Option('--warm-up <n>', `${text} (default: ${usual})`).argParser(parseWholeNumber(0, 1_000_000))
}
