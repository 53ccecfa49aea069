import { AS_ASKED, HOT, type Scenario } from './scenario.ts'

const POLLS = 4
const THINK_MS = 100

function pollStatus(thinkMs: number): Scenario['workload'] {
  return () => ({
    codes: [HOT],
    requests: { kind: 'poll-status', code: HOT.code, polls: POLLS, think_ms: thinkMs },
  })
}

export const statusPoll: Scenario = {
  ...AS_ASKED,
  name: 'status-poll',
  description: `everybody redeems one code, then asks ${POLLS} times for the status, each time ${THINK_MS} ms after the last answer`,
  isPaced: true,
  workload: pollStatus(THINK_MS),
}

export const polls2000: Scenario = {
  ...AS_ASKED,
  name: 'polls-2000',
  description: `2 000 status polls over 50 connections: 500 people redeem and poll ${POLLS} times each, without a pause`,
  shape: { connections: 50, people: 500 },
  workload: pollStatus(0),
}
