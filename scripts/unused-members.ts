/**
 * Class members that no source uses: `node scripts/unused-members.ts [FOLDER]` prints those of the project there, and
 * fails if there are any.
 *
 * Tests use what they test, so neither the compiler nor the check for unused exports sees that a method is there for
 * its test alone; here a use in a test does not count. The compiler says what `object.member` and `{ member }` refer
 * to, and whether the object can be of a class: so a member that is used through an interface is used. A member that a
 * library's interface asks for counts as used by the library. Private members are left out, since the compiler reports
 * those itself.
 */
import { relative, resolve } from 'node:path'
import { isSetAccessorDeclaration } from 'typescript/unstable/ast'
import { API, type Checker, type Symbol as NamedSymbol, type NodeHandle, type Type } from 'typescript/unstable/sync'
import { collect, type Member, type Use } from './class-members.ts'

/**
 * The folders in which uses do not count: tests, with benches, soak and torture; and generated code, which knows no
 * class.
 */
const NO_SOURCE = /^(test|gen)\//

/**
 * The members that are used though no source names them: the language calls some, and tests use the others, which are
 * named for it.
 */
const NEVER_NAMED = /^(toString|toJSON|valueOf)$|ForTest$/

/** A line for each unused member of the project whose tsconfig.json is in the folder. */
function unusedMembers(root: string): string[] {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProjects: [resolve(root, 'tsconfig.json')] }).getProjects()
    if (project === undefined) throw new Error(`no project in ${root}`)
    const { checker, program, rootFiles } = project
    const sources = rootFiles
      .filter((path) => !NO_SOURCE.test(relative(root, path)))
      .flatMap((path) => program.getSourceFile(path) ?? [])
    const members: Member[] = []
    const uses: Use[] = []
    for (const source of sources) collect(source, members, uses)
    const paths = new Set<string>(sources.map(({ path }) => path))
    const referred = referredTo(members, uses, checker)
    const usesByName = Map.groupBy(uses, ({ name }) => name)
    return members
      .filter((member) => !NEVER_NAMED.test(member.name.text) && !referred.has(member))
      .filter((member) => !isUsedThroughOther(member, usesByName.get(member.name.text) ?? [], checker))
      .filter((member) => !isLibrarys(member, paths, checker))
      .map((member) => describe(member, root))
  } finally {
    api.close()
  }
}

/** The members that uses refer to by their own declarations. */
function referredTo(members: readonly Member[], uses: readonly Use[], checker: Checker): ReadonlySet<Member> {
  const declared = new Map<string, Member[]>()
  const own = checker.getSymbolAtLocation(members.map(({ name }) => name))
  for (const [index, member] of members.entries()) {
    for (const handle of own[index]?.declarations ?? []) declared.getOrInsert(keyOf(handle), []).push(member)
  }
  const referred = new Set<Member>()
  const symbols = checker.getSymbolAtLocation(uses.map(({ reference, object }) => reference ?? object))
  for (const [index, use] of uses.entries()) {
    const symbol = use.reference ? symbols[index] : propertyOf(checker.getTypeAtLocation(use.object), use.name, checker)
    for (const handle of symbol?.declarations ?? []) {
      for (const member of declared.get(keyOf(handle)) ?? []) if (isUse(use, member)) referred.add(member)
    }
  }
  return referred
}

/**
 * Whether a use of the name is a use of the member: a member that only calls itself is unused, and so is a field that
 * is only set.
 */
function isUse({ within, isSet }: Use, { declaration }: Member): boolean {
  return within !== declaration && (!isSet || isSetAccessorDeclaration(declaration))
}

/** Whether one of the uses of its name has an object that can be of the member's class. */
function isUsedThroughOther(member: Member, uses: readonly Use[], checker: Checker): boolean {
  const own = checker.getTypeAtLocation(member.owner)
  if (own === undefined) return false
  const objects = uses.filter((use) => isUse(use, member)).map(({ object }) => object)
  return checker.getTypeAtLocation(objects).some((type) => type && checker.isTypeAssignableTo(own, type))
}

/** Whether a class or interface outside the project, which the member's class extends or implements, has the member. */
function isLibrarys({ name, owner }: Member, sources: ReadonlySet<string>, checker: Checker): boolean {
  const bases = (owner.heritageClauses ?? []).flatMap(({ types }) => types)
  return checker.getTypeAtLocation(bases).some((type) => {
    return propertyOf(type, name.text, checker)?.declarations.some(({ path }) => !sources.has(path))
  })
}

function propertyOf(type: Type | undefined, name: string, checker: Checker): NamedSymbol | undefined {
  return type && checker.getPropertyOfType(type, name)
}

function keyOf({ path, index }: NodeHandle): string {
  return `${path}:${index}`
}

function describe({ name, owner }: Member, root: string): string {
  const file = name.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(name.getStart())
  return `${relative(root, file.fileName)}:${line + 1} ${owner.name?.text ?? 'class'}.${name.text} is used by no source`
}

const found = unusedMembers(resolve(process.argv[2] ?? '.'))
for (const line of found) console.log(line)
if (found.length > 0) process.exitCode = 1
