import { probit } from 'simple-statistics'

/**
 * To which of the homes each customer belongs, from 0 on. A cluster gives a new connection to whichever process is free,
 * so that some get more than their share: as many more or less as is usual of a random split (each home's share is about
 * normal with the variance of the mean, and the k-th of several normal values is expected where G. Blom puts it, 1958).
 */
export function splitCustomers(customers: number, homes: number): number[] {
  const spread = Math.sqrt(customers / homes)
  const shares = Array.from({ length: homes }, (_, rank) => {
    const place = probit((rank + 1 - 0.375) / (homes + 0.25))
    return Math.max(0, customers / homes + spread * place)
  })
  // Rounded so that the sum stays: each takes what the running total grows by.
  let [total, given] = [0, 0]
  return shares.flatMap((share, home) => {
    total += share
    const count = Math.min(customers, Math.round(total)) - given
    given += count
    return Array(home === homes - 1 ? customers - given + count : count).fill(home)
  })
}
