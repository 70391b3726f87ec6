// How many files somebody opens who reads a function, follows every function, class, constant and type of `src/` that it names, and
// does so once more with each of those.
import ts from 'typescript';
import { pathOf, type SourceProgram, symbolOf } from './source-program.js';

/** The files that are reached from `name` of `file` (`src/pass/reconcile.ts`) in so many steps, that one included. */
export function walk({ checker, files }: SourceProgram, file: string, name: string, steps: number): string[] {
  const start = files.find((one) => pathOf(one) === file)?.statements.find((one) => isNamed(one, name));
  if (!start) throw new Error(`${file} has no function ${name}`);
  const seen = new Set<ts.Node>([start]);
  let front: ts.Node[] = [start];
  for (let step = 0; step < steps; step++) {
    front = front.flatMap((node) => namedBy(checker, files, node)).filter((one) => !seen.has(one));
    for (const one of front) seen.add(one);
  }
  return [...new Set([...seen].map((node) => pathOf(node.getSourceFile())))].sort();
}

function isNamed(statement: ts.Statement, name: string): boolean {
  return ts.isFunctionDeclaration(statement) && statement.name?.text === name;
}

function namedBy(checker: ts.TypeChecker, files: readonly ts.SourceFile[], from: ts.Node): ts.Declaration[] {
  const found: ts.Declaration[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const declarations = symbolOf(checker, node)?.declarations ?? [];
      found.push(...declarations.filter((one) => files.includes(one.getSourceFile()) && isOpened(one)));
    }
    ts.forEachChild(node, visit);
  };
  visit(from);
  return found;
}

function isOpened(one: ts.Declaration): boolean {
  return (
    ts.isFunctionDeclaration(one) ||
    ts.isClassDeclaration(one) ||
    ts.isMethodDeclaration(one) ||
    ts.isInterfaceDeclaration(one) ||
    ts.isTypeAliasDeclaration(one) ||
    (ts.isVariableDeclaration(one) && ts.isSourceFile(one.parent.parent.parent))
  );
}
