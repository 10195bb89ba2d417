#!/usr/bin/env bash
#
# Software: oazapfts 7.5.0, orval 7.13.2 and openapi-zod-client 1.18.3 (Node.js), all generators of TypeScript from OpenAPI.
# Expected: a response for the range `4XX`, which OpenAPI has had since 3.0, ends up in the types, or the generator refuses it.
# What happens: oazapfts and orval write the range as if it were a number, `status: 4XX`, which is no TypeScript (so with orval
#   not even the other operations of the file compile), and openapi-zod-client writes `status: NaN`, which compiles and
#   matches no response. Each ends with exit status 0.
# Needs: Node.js 20 or newer with npm.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

cat >"$dir/api.yaml" <<'YAML'
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /order:
    get:
      operationId: getOrder
      responses:
        "200":
          description: The order
          content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}
        4XX:
          description: The caller's mistake
          content: {application/json: {schema: {type: object, properties: {reason: {type: string}}}}}
YAML
install() { npm install --silent --no-audit --no-fund --prefix "$dir/$1" "${@:2}" >"$dir/log" 2>&1; }
install oazapfts oazapfts@7.5.0 typescript@5.9.3
install orval orval@7.13.2
install zod openapi-zod-client@1.18.3
npx --prefix "$dir/oazapfts" oazapfts "$dir/api.yaml" "$dir/oazapfts.ts" >>"$dir/log" 2>&1
npx --prefix "$dir/orval" orval --input "$dir/api.yaml" --output "$dir/orval.ts" --client fetch >>"$dir/log" 2>&1
npx --prefix "$dir/zod" openapi-zod-client "$dir/api.yaml" -o "$dir/zod.ts" >>"$dir/log" 2>&1

for name in oazapfts orval zod; do
  echo "$name: exit status 0, writes $(grep -m1 -oE 'status: (4XX|NaN)' "$dir/$name.ts" || echo 'something else')"
done
errors=$(npx --prefix "$dir/oazapfts" tsc --noEmit "$dir/oazapfts.ts" "$dir/orval.ts" | grep 'TS1[0-9]*:' || true)
echo "syntax errors: $(grep -c oazapfts.ts <<<"$errors" || true) in oazapfts.ts, $(grep -c orval.ts <<<"$errors" || true) in orval.ts"
grep -q 'status: 4XX' "$dir/oazapfts.ts" || exit 1
grep -q 'status: 4XX' "$dir/orval.ts" || exit 1
grep -q 'status: NaN' "$dir/zod.ts" || exit 1
grep -q oazapfts.ts <<<"$errors" || exit 1
grep -q orval.ts <<<"$errors" || exit 1
