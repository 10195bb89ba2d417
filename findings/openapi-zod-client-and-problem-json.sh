#!/usr/bin/env bash
#
# Software: openapi-zod-client 1.18.3 (Node.js).
# Expected: a response body of type `application/problem+json` (RFC 9457), JSON by its suffix, is parsed by its schema.
# What happens: the schema becomes `z.void()`, so the client holds an answer for wrong because it has a body, while the same schema under
#   `application/json` is kept. The `default` response isn't mentioned at all. Exit status 0.
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
        "200": {description: The order, content: {application/json: {schema: {type: string}}}}
        "404": {description: None, content: {application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}}}
        "409": {description: Sold out, content: {application/json: {schema: {$ref: "#/components/schemas/Problem"}}}}
        default: {description: Other, content: {application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}}}
components:
  schemas:
    Problem: {type: object, properties: {title: {type: string}}}
YAML
npm install --silent --no-audit --no-fund --prefix "$dir/npm" openapi-zod-client@1.18.3 >"$dir/log" 2>&1
npx --prefix "$dir/npm" openapi-zod-client "$dir/api.yaml" -o "$dir/client.ts" >>"$dir/log" 2>&1
sed -n '/errors:/,/^    ]/p' "$dir/client.ts"
seen=$(tr -d ' \n' <"$dir/client.ts" | grep -oE 'errors:\[.*\]' || true)
[[ $seen == *'status:404,description:`None`,schema:z.void()'* && $seen == *'status:409,description:`Soldout`,schema:z.object('* ]] || exit 1
[[ $seen != *Other* ]] || exit 1
