// Reads an AsyncAPI document by its own parser, and exits with 1 when that finds an error: node asyncapi-check.mjs FILE
// It is copied beside the parser, which it finds there.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const errors = diagnostics.filter(({ severity }) => severity === 0);
for (const { message, path } of errors) console.error(`${path.join('.')}: ${message}`);
if (errors.length > 0 || document === undefined) process.exit(1);
console.log(`${document.operations().all().length} operations`);
