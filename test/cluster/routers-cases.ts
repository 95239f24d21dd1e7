// SPDX-License-Identifier: Apache-2.0
/**
 * What routers of others see of the guides' blocks about BGP: one cluster, the guides' worlds one after the other, in
 * this order. Titles begin with the blocks' numbers. routers.test.ts runs this file.
 */
import './routers-several-cases.ts'
import './routers-scripts-cases.ts'
import './routers-nodes-cases.ts'
import './routers-clusters-cases.ts'
import './routers-enterprise-cases.ts'
