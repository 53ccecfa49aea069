import { randomBytes } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MailSink, startMailSink } from './mail-sink.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'

let directory: RunDirectory
let sink: MailSink

beforeAll(async () => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
  sink = await startMailSink(directory)
})

beforeEach(async () => {
  await sink.clear()
  await sink.setBehaviour({ mode: 'accept' })
})

afterAll(async () => {
  await sink.stop()
  await directory.remove()
})

function createSender(pool = false) {
  const { hostname, port } = new URL(sink.smtpUrl)
  const transport = createTransport({ host: hostname, port: Number(port), pool, ignoreTLS: true })
  const sendMail = (id: string, subject = 'Your invite', text = 'Welcome.') =>
    transport.sendMail({
      from: 'invites@redline.test',
      to: `${id}@load.test`,
      subject,
      text,
      messageId: `<${id}@redline.test>`,
      headers: { 'X-Redemption-Id': id },
    })
  return { sendMail, close: () => transport.close() }
}

test('lists each mail with its redemption, and its text', async () => {
  const sender = createSender()
  const before = Date.now()
  await sender.sendMail(
    'r-1',
    'An invite with a subject that is so long that the header has to be folded into two lines',
  )
  const [mail] = await sink.readMails()
  expect(mail).toMatchObject({
    redemption_id: 'r-1',
    to: 'r-1@load.test',
    subject: 'An invite with a subject that is so long that the header has to be folded into two lines',
    message_id: '<r-1@redline.test>',
  })
  expect(mail?.received_at_ms).toBeGreaterThanOrEqual(before - 1)
  expect(await (await fetch(`${sink.url}/mails/0`)).text()).toContain('Welcome.')
  expect((await fetch(`${sink.url}/mails/1`)).status).toBe(404)
})

test('tells a mail about a rebind from an invite', async () => {
  const { hostname, port } = new URL(sink.smtpUrl)
  const transport = createTransport({ host: hostname, port: Number(port), ignoreTLS: true })
  const headers = { 'X-Redemption-Id': 'r-1', 'X-Rebind-Id': 'm-1' }
  await transport.sendMail({ from: 'invites@redline.test', to: 'a@load.test', text: 'Moved.', headers })
  transport.close()
  await createSender().sendMail('r-1')
  expect((await sink.readMails()).map(({ redemption_id: id, rebind_id: rebind }) => [id, rebind])).toEqual([
    ['r-1', 'm-1'],
    ['r-1', null],
  ])
})

test('takes many mails over pooled connections, and hands them out in pages', async () => {
  const sender = createSender(true)
  const ids = Array.from({ length: 200 }, (_, index) => `many-${index}`)
  await Promise.all(ids.map((id) => sender.sendMail(id)))
  sender.close()
  expect(await sink.count()).toBe(200)
  expect((await sink.readMails()).map((mail) => mail.redemption_id).sort()).toEqual(ids.sort())
  expect(await sink.readMails(150)).toHaveLength(50)
  const page = await (await fetch(`${sink.url}/mails?since=10&limit=5`)).json()
  expect(page).toHaveLength(5)
})

test('refuses so many mails and then accepts again', async () => {
  const sender = createSender()
  await sink.setBehaviour({ mode: 'reject-permanent', remaining: 1 })
  await expect(sender.sendMail('refused')).rejects.toMatchObject({ responseCode: 550 })
  await sink.setBehaviour({ mode: 'reject-transient', remaining: 2 })
  await expect(sender.sendMail('later')).rejects.toMatchObject({ responseCode: 451 })
  await expect(sender.sendMail('later')).rejects.toMatchObject({ responseCode: 451 })
  await sender.sendMail('later')
  expect((await sink.readMails()).map((mail) => mail.redemption_id)).toEqual(['later'])
})

test('a mail whose answer is cut off did arrive', async () => {
  const sender = createSender()
  await sink.setBehaviour({ mode: 'drop-after-data', remaining: 1 })
  await expect(sender.sendMail('unknown')).rejects.toThrow()
  await sender.sendMail('unknown')
  expect((await sink.readMails()).map((mail) => mail.message_id)).toEqual([
    '<unknown@redline.test>',
    '<unknown@redline.test>',
  ])
})

test('the page shows what came as text, not as markup', async () => {
  await createSender().sendMail('page', '<script>alert(1)</script>')
  const page = await (await fetch(sink.url)).text()
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(page).not.toContain('<script>')
})

test('a request that it does not understand changes nothing', async () => {
  const refused = await fetch(`${sink.url}/behaviour`, { method: 'PUT', body: '{"mode":"sometimes"}' })
  expect(refused.status).toBe(400)
  expect((await fetch(`${sink.url}/nowhere`)).status).toBe(404)
  await createSender().sendMail('still-fine')
  expect(await sink.count()).toBe(1)
})
