// How many things whoever calls an exported function has to know by name: its parameters, and for a parameter whose type was made for calls
// the fields of that type in its place. A type was made for calls when it says so by its name (`...Options`, `...Context`), or when it is
// nothing but the type of parameters anywhere in `src/`: what is also returned, kept or listed is a noun, and counts as one. So does
// `PassInputs`, which the inputs-*.ts make: four groups, each a noun.
import ts from 'typescript';
import { pathOf, type SourceProgram, symbolOf } from './source-program.js';

const MADE_FOR_CALLS = /(Options|Context)$/;

/** Their fields lie side by side because somebody else has laid them so. */
const LAID_OUT_ELSEWHERE: Readonly<Record<string, string>> = {
  CommonOptions: 'commander hands the flags of a command over as one flat object; so do those that extend it',
  ListOptions: 'the keys of a list, as a Policy file has them',
  PolicySettings: 'a row of numbers of the datapath for each field (bpf/settings.h)',
};

/** They change what is known of a type, and make no other noun of it. */
const NARROWING = new Set(['Pick', 'Omit', 'Partial', 'Required', 'Readonly', 'NonNullable']);

export interface Callable {
  /** `src/apply/apply.ts apply`. */
  name: string;
  inputs: number;
}

/** Every function that a module of `src/` exports, and the public methods and constructors of every class. */
export function exportedFunctions({ checker, files }: SourceProgram): Callable[] {
  const count = new Counter(checker, files);
  return files.flatMap((file) =>
    file.statements.flatMap(functionsOf).map(({ name, parameters }) => ({
      name: `${pathOf(file)} ${name}`,
      inputs: parameters.reduce((sum, one) => sum + count.inputsOf(one), 0),
    })),
  );
}

interface Signature {
  name: string;
  parameters: readonly ts.ParameterDeclaration[];
}

function functionsOf(statement: ts.Statement): Signature[] {
  if (!isExported(statement)) return [];
  if (ts.isFunctionDeclaration(statement)) {
    return [{ name: statement.name?.text ?? '', parameters: statement.parameters }];
  }
  if (ts.isClassDeclaration(statement)) {
    const name = statement.name?.text ?? '';
    return statement.members.flatMap((member) => {
      const isCallable = ts.isMethodDeclaration(member) || ts.isConstructorDeclaration(member);
      const modifiers = isCallable ? ts.getModifiers(member) : undefined;
      if (
        !isCallable ||
        ts.isPrivateIdentifier(member.name ?? member) ||
        modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
      )
        return [];
      return [{ name: `${name}.${member.name?.getText() ?? 'constructor'}`, parameters: member.parameters }];
    });
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name, initializer }) =>
    initializer && ts.isArrowFunction(initializer)
      ? [{ name: name.getText(), parameters: initializer.parameters }]
      : [],
  );
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

class Counter {
  /** Types that something beside a parameter has. */
  readonly #nouns = new Set<ts.Symbol>();

  constructor(
    private readonly checker: ts.TypeChecker,
    files: readonly ts.SourceFile[],
  ) {
    const visit = (node: ts.Node): void => {
      if (ts.isTypeReferenceNode(node) && isKept(node)) this.#nouns.add(this.#symbolOf(node.typeName));
      ts.forEachChild(node, visit);
    };
    files.forEach(visit);
  }

  inputsOf({ type }: ts.ParameterDeclaration): number {
    return type ? this.#countOf(type) : 1;
  }

  #countOf(type: ts.TypeNode): number {
    if (ts.isTypeLiteralNode(type)) return type.members.length;
    if (ts.isIntersectionTypeNode(type)) return type.types.reduce((sum, one) => sum + this.#countOf(one), 0);
    if (ts.isUnionTypeNode(type)) return Math.max(...type.types.map((one) => this.#countOf(one)));
    if (!ts.isTypeReferenceNode(type)) return 1;
    const inner = NARROWING.has(type.typeName.getText()) ? type.typeArguments?.[0] : type;
    if (!inner || !ts.isTypeReferenceNode(inner) || !this.#isMadeForCalls(inner)) return 1;
    return this.checker.getTypeFromTypeNode(type).getProperties().length;
  }

  #isMadeForCalls({ typeName }: ts.TypeReferenceNode): boolean {
    const symbol = this.#symbolOf(typeName);
    const [declaration] = symbol.declarations ?? [];
    if (!declaration || !isOurs(declaration)) return false;
    if (this.#ancestors(declaration).some((one) => one.name in LAID_OUT_ELSEWHERE)) return false;
    if (MADE_FOR_CALLS.test(symbol.name)) return true;
    const isShape = ts.isInterfaceDeclaration(declaration) || isShapeAlias(declaration);
    return isShape && !this.#ancestors(declaration).some((one) => this.#nouns.has(one));
  }

  /** The symbol itself, and those of what it extends. */
  #ancestors(declaration: ts.Declaration): ts.Symbol[] {
    const { symbol } = this.checker.getTypeAtLocation(declaration);
    const own =
      this.checker.getSymbolAtLocation(ts.getNameOfDeclaration(declaration) ?? declaration) ?? symbol;
    if (!ts.isInterfaceDeclaration(declaration)) return [own];
    const bases = declaration.heritageClauses?.flatMap(({ types }) => [...types]) ?? [];
    const above = bases.flatMap(({ expression }) => {
      const found = ts.isIdentifier(expression) ? this.#symbolOf(expression) : undefined;
      return found?.declarations ?? [];
    });
    return [own, ...above.flatMap((one) => this.#ancestors(one))];
  }

  #symbolOf(name: ts.EntityName): ts.Symbol {
    const symbol = symbolOf(this.checker, name);
    if (!symbol) throw new Error(`nobody knows the type ${name.getText()}`);
    return symbol;
  }
}

/** Not a union of kinds, not a function. */
function isShapeAlias(declaration: ts.Declaration): boolean {
  if (!ts.isTypeAliasDeclaration(declaration)) return false;
  const { type } = declaration;
  return ts.isTypeLiteralNode(type) || ts.isIntersectionTypeNode(type) || ts.isTypeReferenceNode(type);
}

function isOurs(declaration: ts.Declaration): boolean {
  return !declaration.getSourceFile().fileName.includes('/node_modules/');
}

/** Does something have this type that is neither a parameter nor a local variable? */
function isKept(reference: ts.TypeReferenceNode): boolean {
  let node: ts.Node = reference.parent;
  while (
    ts.isUnionTypeNode(node) ||
    ts.isIntersectionTypeNode(node) ||
    (ts.isTypeReferenceNode(node) && NARROWING.has(node.typeName.getText()))
  ) {
    node = node.parent;
  }
  return !(
    (ts.isParameter(node) && !ts.isParameterPropertyDeclaration(node, node.parent)) ||
    ts.isVariableDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isExpressionWithTypeArguments(node)
  );
}
