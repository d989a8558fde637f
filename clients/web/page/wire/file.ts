/**
 * The start of a trace that is one file: `sotto demo --html` writes it, with the messages in it.
 *
 * @module
 */
import { type Message, readTrace } from '../../wire/trace-file.ts'
import './wire.ts'

const wire = document.querySelector('sotto-wire') as (Element & { trace: readonly Message[] }) | null
if (wire !== null) wire.trace = readTrace(document.getElementById('trace')?.textContent ?? '')
