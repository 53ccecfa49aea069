export interface ListenAddress {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
}

/** What the harness starts is for this machine only. */
export const ANY_PORT: ListenAddress = { host: '127.0.0.1', port: 0 }
