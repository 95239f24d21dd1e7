// SPDX-License-Identifier: Apache-2.0
/** The API server's audit log: who asked for what, and whether they were let. */
import { writeFileSync } from 'node:fs'
import { readText } from '../read-text.ts'

export type AuditEvent = Readonly<{
  stage: string
  /** As RBAC has it: get, list, watch, create, update, patch, delete, deletecollection. */
  verb: string
  requestURI: string
  user: Readonly<{ username: string }>
  userAgent?: string
  objectRef?: Readonly<{
    resource?: string
    namespace?: string
    name?: string
    apiGroup?: string
    apiVersion?: string
    subresource?: string
    resourceVersion?: string
  }>
  responseStatus?: Readonly<{ code?: number; reason?: string; message?: string }>
  requestReceivedTimestamp: string
  stageTimestamp: string
}>

/** Everything, without bodies, and without the arrival of a request, whose end says the same and more. */
const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

/** Writes the policy for `--audit-policy-file`. */
export function writeAuditPolicy(file: string): void {
  writeFileSync(file, POLICY)
}

/** The events of a log. A last line that is still being written is left out. */
export function parseAudit(file: string): AuditEvent[] {
  const lines = (readText(file) ?? '').split('\n').slice(0, -1)
  return lines.map((line): AuditEvent => JSON.parse(line))
}
