/**
 * The members that classes declare, and the places that may use one, as a file's syntax has them.
 */
import {
  type ClassLikeDeclaration,
  type GetAccessorDeclaration,
  type Identifier,
  isBinaryExpression,
  isClassLikeDeclaration,
  isElementAccessExpression,
  isGetAccessorDeclaration,
  isIdentifier,
  isMethodDeclaration,
  isObjectBindingPattern,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isSetAccessorDeclaration,
  isStringLiteral,
  type MethodDeclaration,
  type Node,
  type PropertyDeclaration,
  type SetAccessorDeclaration,
  SyntaxKind,
} from 'typescript/unstable/ast'

type MemberDeclaration = MethodDeclaration | PropertyDeclaration | GetAccessorDeclaration | SetAccessorDeclaration

/** A member with a name, and not a private one. */
export interface Member {
  readonly name: Identifier
  readonly declaration: MemberDeclaration
  readonly owner: ClassLikeDeclaration
}

export interface Use {
  readonly name: string
  /** The object whose member it is: an expression, or the pattern that takes a value apart. */
  readonly object: Node
  /** The node that refers to the member; none in a pattern, where the name may be a variable's. */
  readonly reference: Node | undefined
  /** The member in whose body it is. */
  readonly within: Node | undefined
  /** Whether it is set here, and not read. */
  readonly isSet: boolean
}

/** Adds what a node and all below it declare and use. */
export function collect(node: Node, members: Member[], uses: Use[], within?: Node): void {
  if (isMember(node)) {
    if (isIdentifier(node.name) && isClassLikeDeclaration(node.parent)) {
      members.push({ name: node.name, declaration: node, owner: node.parent })
    }
  } else if (isPropertyAccessExpression(node)) {
    const { name, expression: object } = node
    if (isIdentifier(name)) uses.push({ name: name.text, object, reference: name, within, isSet: isSet(node) })
  } else if (isElementAccessExpression(node)) {
    const { argumentExpression: key, expression: object } = node
    if (isStringLiteral(key)) uses.push({ name: key.text, object, reference: key, within, isSet: isSet(node) })
  } else if (isObjectBindingPattern(node)) {
    for (const { propertyName, name } of node.elements) {
      const key = propertyName ?? name
      if (key === undefined || !isIdentifier(key)) continue
      uses.push({ name: key.text, object: node, reference: undefined, within, isSet: false })
    }
  }
  const inner = isMember(node) ? node : within
  node.forEachChild((child) => collect(child, members, uses, inner))
}

function isMember(node: Node): node is MemberDeclaration {
  return (
    isMethodDeclaration(node) ||
    isPropertyDeclaration(node) ||
    isGetAccessorDeclaration(node) ||
    isSetAccessorDeclaration(node)
  )
}

function isSet(node: Node): boolean {
  const { parent } = node
  return isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === SyntaxKind.EqualsToken
}
