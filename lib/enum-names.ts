/**
 * The names of an enum's values, as its contract has them: for what people read.
 *
 * @module
 */

/**
 * Names the values of an enum.
 *
 * @param values - An enum of gen/.
 * @returns what names a value: `NOT_FOUND`; the number itself, where the enum does not have it.
 */
export function enumNames<Value extends number>(values: Readonly<Record<string, Value>>): (value: Value) => string {
  const names = new Map(Object.entries(values).map(([name, value]) => [value, name]))
  return (value) => names.get(value) ?? String(value)
}
