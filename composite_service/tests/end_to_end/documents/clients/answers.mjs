// Writes TypeScript that gives every answer that openapi.json has as an example its generated type: node answers.mjs OPENAPI_JSON > answers.ts
// It compiles when the types have every member of each answer, and the very words of the `reason` of each error.
import { readFileSync } from 'node:fs';

const contract = JSON.parse(readFileSync(process.argv[2], 'utf8'));

function resolved(part) {
    while ('$ref' in part) part = part.$ref.slice(2).split('/').reduce((target, name) => target[name], contract);
    return part;
}

const lines = [
    'import type { operations } from "./mall.js";',
    'type Responses<Operation extends keyof operations> = operations[Operation]["responses"];',
    'type Answer<Operation extends keyof operations, Status extends keyof Responses<Operation>> =',
    '    Responses<Operation>[Status] extends { content: { "application/json": infer Body } } ? Body : never;',
    '// A reason that may be any text is not known.',
    'type Known<Body extends { reason: string }> = string extends Body["reason"] ? never : Body["reason"];',
];
for (const item of Object.values(contract.paths)) {
    for (const { operationId, responses } of Object.values(item)) {
        for (const [status, response] of Object.entries(responses)) {
            if (status === '304') continue; // It has no body: the client's own copy is still right.
            for (const { value } of Object.values(resolved(response).content['application/json'].examples)) {
                const type = `Answer<"${operationId}", ${status}>`;
                lines.push(`export const answer${lines.length}: ${type} = ${JSON.stringify(value)};`);
                // Readiness has a `reason`, too, which is a sentence.
                if ('type' in value) {
                    lines.push(`export const reason${lines.length}: Known<${type}> = ${JSON.stringify(value.reason)};`);
                }
            }
        }
    }
}
console.log(lines.join('\n'));
