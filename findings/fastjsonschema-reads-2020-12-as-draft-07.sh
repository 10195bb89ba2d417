#!/usr/bin/env bash
#
# Software: fastjsonschema 2.22.3 (Python); jsonschema 4.26.0 beside it.
# Expected: a schema whose `$schema` names draft 2020-12 is compiled by that draft's rules, or compile() refuses it.
# What happens: compile() takes it without a word and goes by draft-07. A right value is refused (`prefixItems` with `items: false` forbids
#   each item), and wrong ones pass: what stands beside `$ref`, `dependentRequired` and `unevaluatedProperties` are ignored.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q fastjsonschema==2.22.3 jsonschema==4.26.0
cat >"$dir/check.py" <<'PYTHON'
import fastjsonschema
import jsonschema

cases = (
    ({"prefixItems": [{"type": "string"}], "items": False}, ["umbrella"]),
    ({"$defs": {"name": {"type": "string"}}, "$ref": "#/$defs/name", "minLength": 3}, "a"),
    ({"dependentRequired": {"coupon": ["member"]}}, {"coupon": 3}),
    ({"properties": {"item": {}}, "unevaluatedProperties": False}, {"itme": 1}),
)
for schema, value in cases:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    try:
        fastjsonschema.compile(schema)(value)
        told = "valid"
    except fastjsonschema.JsonSchemaValueException:
        told = "invalid"
    right = "valid" if jsonschema.validators.validator_for(schema)(schema).is_valid(value) else "invalid"
    print(f"{list(schema)[-1]}: jsonschema {right}, fastjsonschema {told}")
PYTHON
seen=$("$dir/venv/bin/python" "$dir/check.py" 2>"$dir/log")
echo "$seen"
[[ $seen == 'items: jsonschema valid, fastjsonschema invalid
minLength: jsonschema invalid, fastjsonschema valid
dependentRequired: jsonschema invalid, fastjsonschema valid
unevaluatedProperties: jsonschema invalid, fastjsonschema valid' ]] || exit 1
