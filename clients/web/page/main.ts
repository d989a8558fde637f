/**
 * The beginning of the page.
 *
 * @module
 */
import './app.ts'
import { model } from './model.ts'
import { notify } from './notifications.ts'
import { followAddress } from './route.ts'

notify()
await model.start()
followAddress()
