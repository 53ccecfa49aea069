import { UnavailableError } from '../errors.ts'
import { type Breaker, createBreaker } from '../resilience/breaker.ts'
import { inSpan } from '../tracing/tracing.ts'
import { isAboutThisMail, MailError, type Mailer } from './mailer.ts'

const PAUSE_MS = 2_000

/** A receiver that is refused, for now or for good, says nothing about the mail server but that it is there. */
export const createMailBreaker = (): Breaker =>
  createBreaker({
    dependency: 'mail',
    isOutage: (error) => !(error instanceof MailError) || !isAboutThisMail(error.cause),
    pauseMs: PAUSE_MS,
  })

/** While the mail server is down every mail fails at once as `not_sent`, and its job is tried again by its back-off. */
export function guardMailer(mailer: Mailer, breaker: Breaker): Mailer {
  return {
    ...mailer,
    async send(mail, signal) {
      await breaker
        .run(() => inSpan('mail.send', { 'redemption.id': mail.redemptionId }, () => mailer.send(mail, signal)))
        .catch((error: unknown) => {
          throw error instanceof UnavailableError ? new MailError('not_sent', error) : error
        })
    },
  }
}
