/** `fetch` refuses a URL with a name and password, and says both in its message: they go as a header (RFC 7617). */
export function splitCredentials(url: string | URL): { url: URL; headers: Record<string, string> } {
  const bare = new URL(url)
  const { username, password } = bare
  bare.username = ''
  bare.password = ''
  if (username === '' && password === '') return { url: bare, headers: {} }
  const credentials = Buffer.from([username, password].map(decodeURIComponent).join(':')).toString('base64')
  return { url: bare, headers: { Authorization: `Basic ${credentials}` } }
}
