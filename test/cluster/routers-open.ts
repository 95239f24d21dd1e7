// SPDX-License-Identifier: Apache-2.0
/** The one scene of this process, for all files of cases that routers-cases.ts brings together. */
import { after } from 'node:test'
import { RoutersScene } from './routers-scene.ts'

export const scene = await RoutersScene.open()
after(async () => await scene.close())
