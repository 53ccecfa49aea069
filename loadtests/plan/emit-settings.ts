import { stringify } from 'yaml'
import type { LimiterMode, Profile } from '../run-file.ts'
import { connectionsOf } from './footprint.ts'

export const EMIT_FORMATS = ['env', 'compose', 'kubernetes'] as const
export type EmitFormat = (typeof EMIT_FORMATS)[number]

/** compose.yaml always has two server containers behind nginx, so that a roll-out loses no request. */
const COMPOSE_SERVERS = 2
/** Kubernetes disrupts one pod at a time and keeps two. */
const FEWEST_PODS = 2
/** Of Postgres, for whoever looks in. */
const SPARE_CONNECTIONS = 20

/** The settings of a profile, ready to be used. @returns a file's text, with how it is used on its first line */
export function emitSettings(format: EmitFormat, profile: Profile, mode: LimiterMode): string {
  return EMITTERS[format](profile, mode)
}

type Emitter = (profile: Profile, mode: LimiterMode) => string

const EMITTERS: Readonly<Record<EmitFormat, Emitter>> = {
  env(profile, mode) {
    const settings = {
      ...sharedSettings(profile, mode),
      SERVER_PROCESSES: String(profile.servers),
      WORKER_PROCESSES: String(profile.workers),
      WORKER_CONCURRENCY: String(profile.concurrency),
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    return `# Beside what .env.example names; Postgres must allow ${neededConnections(profile)} connections.\n${lines.join('\n')}\n`
  },

  compose(profile, mode) {
    const shared = sharedSettings(profile, mode)
    const perContainer = Math.ceil(profile.servers / COMPOSE_SERVERS)
    const processes = { ...profile, servers: perContainer * COMPOSE_SERVERS }
    const server = { environment: { ...shared, SERVER_PROCESSES: String(perContainer) } }
    const overlay = {
      name: 'redline',
      services: {
        postgres: {
          command: [
            'postgres',
            '-c',
            `max_connections=${neededConnections(processes)}`,
            '-c',
            'shared_buffers=256MB',
            '-c',
            'wal_level=replica',
          ],
        },
        scheduler: { environment: shared },
        'server-1': server,
        'server-2': server,
        worker: {
          environment: {
            ...shared,
            WORKER_CONCURRENCY: String(profile.concurrency),
            WORKER_PROCESSES: String(profile.workers),
          },
        },
      },
    }
    return (
      '# REDLINE_FILES="-f THIS-FILE" sh compose/up.sh\n' +
      `# The stack always has ${COMPOSE_SERVERS} server containers, each with ${perContainer} of the ${profile.servers} processes.\n` +
      stringify(overlay, { aliasDuplicateObjects: false })
    )
  },

  kubernetes(profile, mode) {
    const settings = {
      ...sharedSettings(profile, mode),
      WORKER_CONCURRENCY: String(profile.concurrency),
    }
    const servers = Math.max(FEWEST_PODS, profile.servers)
    const workers = Math.max(FEWEST_PODS, profile.workers)
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'redline' }, data: settings }
    const scaler = (name: string, fewest: number) => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { minReplicas: fewest, maxReplicas: Math.max(2 * fewest, 10) },
    })
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'redline',
      resources: ['../compose/kubernetes'],
      replicas: [{ name: 'redline-server', count: servers }],
      patches: [config, scaler('redline-server', servers), scaler('redline-worker', workers)].map((patch) => ({
        patch: stringify(patch),
      })),
    }
    return (
      '# kustomization.yaml, in a directory beside compose: kubectl apply -k DIRECTORY. A pod is one process.\n' +
      stringify(kustomization)
    )
  },
}

function sharedSettings({ pool, semaphore }: Profile, mode: LimiterMode): Record<string, string> {
  const limited = mode === 'in-process' || mode === 'redis-semaphore'
  return { LIMITER_MODE: mode, DB_POOL_MAX: String(pool), ...(limited && { SEMAPHORE_LIMIT: String(semaphore) }) }
}

/** Beside its pool a worker has two connections of its own, the scheduler one. */
function neededConnections(profile: Profile): number {
  return connectionsOf(profile) + 2 * profile.workers + 1 + SPARE_CONNECTIONS
}
