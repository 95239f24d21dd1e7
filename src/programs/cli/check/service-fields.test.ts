// SPDX-License-Identifier: Apache-2.0
import { type Case, testCases } from '../../../../test/check/warnings.ts'
import { core } from '../../../../test/model/objects.ts'
import { collectProblems } from './collect.ts'

const service = (spec: object) => [
  core('Service', 's', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } }),
]
const ports = (...list: readonly object[]) => service({ ports: list })
const refused = (field: string) => [`Service/s spec${field} refusedByKubernetes`]
const unknown = (field: string) => [`Service/s spec${field} unknownField`]
const wrong = (field: string) => [`error Service/s spec${field} schema`]

const CASES: readonly Case[] = [
  ['a plain Service', service({}), []],
  ['another type may have no ports', service({ type: 'ExternalName', ports: undefined }), []],
  ['no ports', service({ ports: undefined }), refused('')],
  ['an empty list of ports', ports(), refused('.ports')],
  ['one port without name', ports({ port: 80 }), []],
  ['two ports with names', ports({ port: 80, name: 'a' }, { port: 81, name: 'b' }), []],
  ['two ports, one without name', ports({ port: 80, name: 'a' }, { port: 81 }), refused('.ports[1]')],
  ['two ports of one name', ports({ port: 80, name: 'a' }, { port: 81, name: 'a' }), refused('.ports[1].name')],
  ['a name with capitals', ports({ port: 80, name: 'HTTP' }), refused('.ports[0].name')],
  ['a name of 63', ports({ port: 80, name: 'a'.repeat(63) }), []],
  ['a name of 64', ports({ port: 80, name: 'a'.repeat(64) }), refused('.ports[0].name')],
  ['one port twice', ports({ port: 80, name: 'a' }, { port: 80, name: 'b' }), refused('.ports[1].port')],
  ['one port for two protocols', ports({ port: 53, name: 'a' }, { port: 53, name: 'b', protocol: 'UDP' }), []],
  ['a protocol that does not exist', ports({ port: 80, protocol: 'HTTP' }), wrong('.ports[0].protocol')],
  ['a port beyond the last', ports({ port: 65536 }), wrong('.ports[0].port')],
  ['the first node port', ports({ port: 80, nodePort: 30_000 }), []],
  ['the last node port', ports({ port: 80, nodePort: 32_767 }), []],
  ['a node port below the range', ports({ port: 80, nodePort: 29_999 }), refused('.ports[0].nodePort')],
  ['a node port above the range', ports({ port: 80, nodePort: 32_768 }), refused('.ports[0].nodePort')],
  ['no node port, written as 0', ports({ port: 80, name: 'a', nodePort: 0 }, { port: 81, name: 'b', nodePort: 0 }), []],
  [
    'one node port twice',
    ports({ port: 80, name: 'a', nodePort: 30_080 }, { port: 81, name: 'b', nodePort: 30_080 }),
    refused('.ports[1].nodePort'),
  ],
  ['a target port by name', ports({ port: 80, targetPort: 'http-alt' }), []],
  ['the longest name of a target port', ports({ port: 80, targetPort: 'a'.repeat(15) }), []],
  ['a longer name of a target port', ports({ port: 80, targetPort: 'a'.repeat(16) }), refused('.ports[0].targetPort')],
  ['a target port in quotes', ports({ port: 80, targetPort: '8080' }), refused('.ports[0].targetPort')],
  ['a target port of 0 is the port itself', ports({ port: 80, targetPort: 0 }), []],
  ['a target port beyond the last', ports({ port: 80, targetPort: 65_536 }), refused('.ports[0].targetPort')],
  ['a field in the wrong case', service({ loadBalancerIp: '192.0.2.1' }), unknown('.loadBalancerIp')],
  ['an unknown field of a port', ports({ port: 80, protocl: 'TCP' }), unknown('.ports[0].protocl')],
  ['healthCheckNodePort with Local', service({ healthCheckNodePort: 30_000, externalTrafficPolicy: 'Local' }), []],
  ['healthCheckNodePort without Local', service({ healthCheckNodePort: 30_000 }), refused('.healthCheckNodePort')],
  [
    'healthCheckNodePort outside the range',
    service({ healthCheckNodePort: 8080, externalTrafficPolicy: 'Local' }),
    refused('.healthCheckNodePort'),
  ],
  [
    'an externalTrafficPolicy that does not exist',
    service({ externalTrafficPolicy: 'Global' }),
    wrong('.externalTrafficPolicy'),
  ],
  [
    'an internalTrafficPolicy that does not exist',
    service({ internalTrafficPolicy: 'Global' }),
    refused('.internalTrafficPolicy'),
  ],
  ['session affinity', service({ sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local' }), []],
  ['a session affinity that does not exist', service({ sessionAffinity: 'Cookie' }), refused('.sessionAffinity')],
  ['headless', service({ clusterIP: 'None' }), refused('.clusterIP')],
  ['headless by the list', service({ clusterIPs: ['None'] }), refused('.clusterIPs[0]')],
  ['cluster IPs that agree', service({ clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'] }), []],
  [
    'cluster IPs that do not',
    service({ clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.2'] }),
    refused('.clusterIPs[0]'),
  ],
  ['two families', service({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }), []],
  ['two families without a policy', service({ ipFamilies: ['IPv4', 'IPv6'] }), refused('.ipFamilies')],
  [
    'two families for SingleStack',
    service({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' }),
    refused('.ipFamilyPolicy'),
  ],
  [
    'one family twice',
    service({ ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' }),
    refused('.ipFamilies[1]'),
  ],
  [
    'three families',
    service({ ipFamilies: ['IPv4', 'IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' }),
    refused('.ipFamilies'),
  ],
  ['source ranges', service({ loadBalancerSourceRanges: ['192.0.2.0/24', '2001:db8::/32'] }), []],
  [
    'a source range without length',
    service({ loadBalancerSourceRanges: ['192.0.2.1'] }),
    refused('.loadBalancerSourceRanges[0]'),
  ],
  ['an external IP', service({ externalIPs: ['192.0.2.1'] }), []],
  ['an external name among external IPs', service({ externalIPs: ['192.0.2.1', 'web'] }), refused('.externalIPs[1]')],
]
testCases(collectProblems, ['refusedByKubernetes', 'unknownField', 'schema'], { cases: CASES })
