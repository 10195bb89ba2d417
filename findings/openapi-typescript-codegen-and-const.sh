#!/usr/bin/env bash
#
# Software: openapi-typescript-codegen 0.31.0 (Node.js).
# Expected: OpenAPI 3.1's usual way to give enum values a description, `oneOf` with a `const` each, becomes a union of
#   literals, or at least `any`.
# What happens: the generator writes a member without a type, `reason: ;`, which is no TypeScript, and exits with 0. A `const`
#   on its own becomes `any`.
# Needs: Node.js 20 or newer with npm.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

cat >"$dir/api.yaml" <<'YAML'
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /order:
    get:
      operationId: getOrder
      responses:
        "200":
          description: The order
          content: {application/json: {schema: {$ref: "#/components/schemas/Problem"}}}
components:
  schemas:
    Problem:
      type: object
      required: [reason, kind]
      properties:
        kind: {const: problem}
        reason:
          oneOf:
            - {const: SOLD_OUT, description: None is left}
            - {const: DECLINED, description: The card was declined}
YAML
npm install --silent --no-audit --no-fund --prefix "$dir/npm" openapi-typescript-codegen@0.31.0 typescript@5.9.3 >"$dir/log" 2>&1
npx --prefix "$dir/npm" openapi --input "$dir/api.yaml" --output "$dir/client" >>"$dir/log" 2>&1
sed -n '/export type/,$p' "$dir/client/models/Problem.ts"
errors=$(npx --prefix "$dir/npm" tsc --noEmit "$dir/client/models/Problem.ts" || true)
echo "exit status 0; compiler: ${errors#"$dir/"}"
grep -qE 'reason: ;' "$dir/client/models/Problem.ts" || exit 1
grep -qE 'kind: any;' "$dir/client/models/Problem.ts" || exit 1
[[ $errors == *TS1110* ]] || exit 1
