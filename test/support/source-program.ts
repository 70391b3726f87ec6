// `src/` as the compiler knows it, for tests that hold something about its shape.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

export interface SourceProgram {
  checker: ts.TypeChecker;
  files: readonly ts.SourceFile[];
}

export function sourceProgram(): SourceProgram {
  const { config } = ts.readConfigFile(`${ROOT}/tsconfig.json`, (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, ROOT);
  const program = ts.createProgram(fileNames, options);
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${ROOT}/src/`));
  return { checker: program.getTypeChecker(), files };
}

/** `src/apply/apply.ts` */
export function pathOf({ fileName }: ts.SourceFile): string {
  return fileName.slice(ROOT.length + 1);
}

/** What a name stands for, wherever it was imported from. */
export function symbolOf(checker: ts.TypeChecker, name: ts.Node): ts.Symbol | undefined {
  const symbol = checker.getSymbolAtLocation(name);
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
