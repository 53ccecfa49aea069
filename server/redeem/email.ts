/** The one form of an address that is ever stored or compared: trimmed, NFC, lower case. */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase()
}

/** For people who look after the system: enough to recognise an address, not enough to write to it. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@')
  return `${email.slice(0, 1)}***${at === -1 ? '' : email.slice(at)}`
}
