import { sendReady, tieToHarness } from './lifeline.ts'
import { serveMails } from './mail-http.ts'
import { listenForMails } from './mail-smtp.ts'
import { createMailStore } from './mail-store.ts'

const store = createMailStore()
const [smtp, http] = await Promise.all([listenForMails(store), serveMails(store)])

tieToHarness(() => {
  smtp.close()
  http.close()
})
sendReady({ url: http.url, smtp_url: smtp.url })
