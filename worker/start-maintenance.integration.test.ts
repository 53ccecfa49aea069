import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../server/logger.ts'
import { openMaintenanceQueue } from '../server/queue/maintenance-queue.ts'
import { createKeys } from '../server/redis/keys.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { workerConfig } from './config.ts'
import type { JobContext, JobProgress, MaintenanceJob } from './jobs/maintenance-job.ts'
import { MAINTENANCE_JOBS } from './jobs/registry.ts'
import { scheduleJobs } from './schedule-jobs.ts'
import { startMaintenance } from './start-maintenance.ts'
import { eventually } from './testing/eventually.ts'

/** So that the test need not wait half a minute for a worker to be taken for dead. */
const IMPATIENT = { lockDuration: 300, stalledInterval: 200, lockRenewTime: 100, guardInterval: 50 }

describe('the maintenance queue', () => {
  let stores: TestStores
  let queues = 0
  beforeAll(async () => {
    stores = await createTestStores()
  })
  afterAll(() => stores.close())

  const createJob = (run: MaintenanceJob['run'], settings: Partial<MaintenanceJob> = {}): MaintenanceJob => ({
    name: 'test-job',
    schedule: { everyMs: 100 },
    attempts: 2,
    backoffMs: 50,
    timeLimitMs: 10_000,
    run,
    ...settings,
  })
  /** A queue of its own for one test, and any number of processes on it. */
  function createQueue() {
    const keys = createKeys(`${stores.keys.mode.split(':')[0]}-${++queues}`, 2)
    return {
      async open() {
        const { queue, close } = await openMaintenanceQueue(keys, stores.connection)
        onTestFinished(close)
        return queue
      },
      async startWorker(...jobs: MaintenanceJob[]) {
        const config = workerConfig.parse({
          DATABASE_URL: stores.databaseUrl,
          REDIS_URL: stores.redisUrl,
          SMTP_URL: 'smtp://127.0.0.1:1',
        })
        const logger = createLogger('silent', 'test')
        const maintenance = await startMaintenance({ ...stores, config, keys, logger, jobs, settings: IMPATIENT })
        onTestFinished(() => maintenance.close())
        return maintenance
      },
    }
  }
  async function runUntilAborted({ signal, progress }: JobContext): Promise<JobProgress> {
    for (let batches = 1; ; batches++) {
      await progress({ batches })
      await sleep(10)
      if (signal.aborted) await progress({ batches })
    }
  }

  test('two schedulers at once register each schedule once', async () => {
    const { open } = createQueue()
    const [one, other] = [await open(), await open()]
    await Promise.all([scheduleJobs(one, MAINTENANCE_JOBS), scheduleJobs(other, MAINTENANCE_JOBS)])
    await scheduleJobs(one, MAINTENANCE_JOBS)
    const names = MAINTENANCE_JOBS.map(({ name }) => name)
    expect((await one.getRepeatableJobs()).map(({ name }) => name).sort()).toEqual(names)
    expect((await one.getDelayed()).map(({ name }) => name).sort()).toEqual(names)
    const [job] = await one.getDelayed()
    expect(job?.opts).toMatchObject({
      attempts: expect.any(Number),
      backoff: { type: 'exponential' },
      removeOnComplete: { age: expect.any(Number), count: expect.any(Number) },
      removeOnFail: { age: expect.any(Number), count: expect.any(Number) },
    })
  })

  test('a schedule that changed replaces the old one; a job that is gone is not started any more', async () => {
    const queue = await createQueue().open()
    const run = async () => ({})
    const hourly = createJob(run, { name: 'changed', schedule: { cron: '0 * * * *' } })
    await scheduleJobs(queue, [hourly, createJob(run, { name: 'gone', schedule: { everyMs: 60_000 } })])
    await scheduleJobs(queue, [{ ...hourly, schedule: { everyMs: 120_000 } }])
    const entries = await queue.getRepeatableJobs()
    expect(entries.map(({ name, every }) => ({ name, every }))).toEqual([{ name: 'changed', every: 120_000 }])
    expect((await queue.getDelayed()).map(({ name }) => name)).toEqual(['changed'])
  })

  test('a schedule that Redis lost is made again', async () => {
    const queue = await createQueue().open()
    const jobs = [createJob(async () => ({}))]
    await scheduleJobs(queue, jobs)
    await queue.client.del(queue.toKey('repeat'), queue.toKey('delayed'))
    await scheduleJobs(queue, jobs)
    expect((await queue.getRepeatableJobs()).length).toBe(1)
  })

  test('with two schedulers and two workers each moment has one run, and one runs at a time', async () => {
    const { open, startWorker } = createQueue()
    const [one, other] = [await open(), await open()]
    let runs = 0
    const job = createJob(async () => ({ runs: ++runs }))
    await Promise.all([startWorker(job), startWorker(job)])
    await Promise.all([scheduleJobs(one, [job]), scheduleJobs(other, [job])])
    await eventually(() => runs).toBeGreaterThanOrEqual(5)
    for (const { key } of await one.getRepeatableJobs()) await one.removeRepeatableByKey(key)
    await eventually(async () => (await one.getJobCounts()).active).toBe(0)
    const completed = await one.getCompleted()
    expect(new Set(completed.map(({ id }) => id)).size).toBe(runs)
    expect(completed[0]?.returnvalue).toEqual({ runs: expect.any(Number) })
  })

  test('a worker runs one job at a time, whatever its name', async () => {
    const { open, startWorker } = createQueue()
    const queue = await open()
    let [running, most, runs] = [0, 0, 0]
    const run = async () => {
      most = Math.max(most, ++running)
      await sleep(30)
      running--
      return { runs: ++runs }
    }
    for (let n = 0; n < 3; n++) for (const name of ['a', 'b']) await queue.add(name, {})
    await startWorker(createJob(run, { name: 'a' }), createJob(run, { name: 'b' }))
    await eventually(() => runs).toBe(6)
    expect(most).toBe(1)
  })

  test('the time limit ends a run between two batches, and it is tried again', async () => {
    const { open, startWorker } = createQueue()
    const queue = await open()
    let attempts = 0
    const job = createJob(async (context) => (++attempts === 1 ? runUntilAborted(context) : { batches: 0 }), {
      timeLimitMs: 200,
    })
    const { id } = await queue.add(job.name, {}, { attempts: 2, backoff: 10 })
    await startWorker(job)
    await eventually(async () => (await queue.getJob(id))?.returnvalue).toEqual({ batches: 0 })
    const failed = await queue.getJob(id)
    expect(failed?.stacktrace[0]).toContain('It took longer than 200 ms')
    expect(failed?.progress()).toMatchObject({ batches: expect.any(Number) })
    const text = await stores.metrics.registry.getSingleMetricAsString('queue_job_duration_seconds')
    expect(text).toContain('queue_job_duration_seconds_count{queue="maintenance",job="test-job"}')
  })

  test('a worker that closes ends its run after the batch; another one runs it again', async () => {
    const { open, startWorker } = createQueue()
    const queue = await open()
    const { id } = await queue.add('test-job', {}, { attempts: 3, backoff: 10 })
    let batches = 0
    const first = await startWorker(
      createJob(({ progress, ...context }) =>
        runUntilAborted({ ...context, progress: (done) => progress({ batches: ++batches, ...done }) }),
      ),
    )
    await eventually(() => batches).toBeGreaterThan(2)
    await first.close()
    await startWorker(createJob(async () => ({ finished: 1 })))
    await eventually(async () => (await queue.getJob(id))?.returnvalue).toEqual({ finished: 1 })
  })

  test('a job whose worker was killed is given to another one', async () => {
    const { open, startWorker } = createQueue()
    const dead = await open()
    const { id } = await dead.add('test-job', {})
    // Takes the job and its lock, and never says a word again.
    expect((await dead.getNextJob())?.id).toBe(id)
    await dead.client.del(`${dead.toKey(String(id))}:lock`)
    await startWorker(createJob(async () => ({ finished: 1 })))
    await eventually(async () => (await dead.getJob(id))?.returnvalue).toEqual({ finished: 1 })
  })
})
