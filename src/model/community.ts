// SPDX-License-Identifier: Apache-2.0
/** RFC 1997 (`a:b`, 16 bits each) or RFC 8092 (`large:a:b:c`, 32 bits each). `text` is canonical, without `large:`. */
export type Community =
  | Readonly<{ type: 'standard'; value: number; text: string }>
  | Readonly<{ type: 'large'; global: number; local1: number; local2: number; text: string }>
