// The client runs in browsers: its source names nothing that only Node.js has. And whoever installs it runs nobody's scripts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import test from 'node:test';

const client = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, client), 'utf8');
const json = (path: string) => JSON.parse(read(path));
const files = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, client), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);

const sources = files('src', '.ts');
const published = files('dist', '.js');

/** What a module is imported by: `from '…'`, `import '…'`, `import('…')`, `require('…')`. */
const imports = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)['"]([^'"]+)['"]/g)].map(([, name]) => name ?? '');

const packageOf = (name: string): string => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');

test('there is source to look at', () => {
  assert.ok(sources.length > 15 && published.length === sources.length, `${sources.length} files, ${published.length} built: remove dist and build again`);
});

test('the source imports its own files and its dependencies alone, and no built-in of Node.js', () => {
  const { dependencies, devDependencies } = json('package.json');
  // `import type {} from` is gone in what is built.
  const allowed = new Set(Object.keys({ ...dependencies, ...devDependencies }));
  const builtins = new Set(builtinModules);
  for (const path of [...sources, ...published]) {
    for (const name of imports(read(path)).filter((it) => !it.startsWith('.'))) {
      assert.ok(!name.startsWith('node:') && !builtins.has(name.split('/')[0] ?? ''), `${path} imports ${name} of Node.js`);
      const known = path.startsWith('dist') ? dependencies : Object.fromEntries([...allowed].map((it) => [it, true]));
      assert.ok(packageOf(name) in known, `${path} imports ${name}, which is no dependency`);
    }
  }
});

test('the source names no global of Node.js', () => {
  for (const path of [...sources, ...published]) {
    const found = /\b(Buffer|process|global|__dirname|__filename|setImmediate|require)\b(?!\s*:)/.exec(read(path).replace(/\/\*[^]*?\*\/|\/\/.*/g, ''));
    assert.equal(found, null, `${path} names ${found?.[0]}`);
  }
});

test('the hashing needs no Buffer and no package of the chain', () => {
  const protocol = files('dist/protocol', '.js').flatMap((path) => imports(read(path)));
  assert.deepEqual([...new Set(protocol.filter((name) => !name.startsWith('.')))], ['@noble/hashes/blake2b']);
});

test('versions are exact, and no package of the lock file installs by a script', () => {
  for (const path of ['package.json', '../checks/package.json', '../package.json']) {
    const { dependencies, devDependencies } = json(path);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(String(version), /^\d+\.\d+\.\d+$/, `${path}: ${name}`);
    }
  }
  const packages: [string, { hasInstallScript?: boolean; integrity?: string; link?: boolean }][] = Object.entries(json('../package-lock.json').packages);
  for (const [name, { hasInstallScript, integrity, link }] of packages) {
    assert.ok(!hasInstallScript, `${name} runs a script when it is installed`);
    assert.ok(integrity || link || !name.startsWith('node_modules/'), `${name} has no hash`);
  }
});
