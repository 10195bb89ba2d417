#!/usr/bin/env bash
#
# Software: stockholm 0.5.7 (Python).
# Expected: `Money(24000, "KRW")` and `Money(24000, KRW)` with the library's own `stockholm.currency.KRW` are the same amount with the same
#   sub-units: 24000, for the won has none (ISO 4217), which is what payment gateways take.
# What happens: by name it has 2400000 sub-units and is written "24000.00 KRW", and from_sub_units(24000, "KRW") is 240 won; with the
#   object it is as expected. Yet the two compare as equal. Yen and Kuwait's dinar (three digits) fare alike.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q stockholm==0.5.7
cat >"$dir/money.py" <<'PYTHON'
from stockholm import Money
from stockholm.currency import JPY, KRW, KWD

for name, currency in (("KRW", KRW), ("JPY", JPY), ("KWD", KWD)):
    by_name, by_object = Money(24000, name), Money(24000, currency)
    print(
        f"by name: {by_name} = {by_name.sub_units} sub-units, back {Money.from_sub_units(24000, name)};"
        f" by object: {by_object} = {by_object.sub_units} sub-units, back {Money.from_sub_units(24000, currency)}; equal: {by_name == by_object}"
    )
PYTHON
seen=$("$dir/venv/bin/python" "$dir/money.py" 2>"$dir/log")
echo "$seen"
[[ $seen == 'by name: 24000.00 KRW = 2400000 sub-units, back 240.00 KRW; by object: 24000 KRW = 24000 sub-units, back 24000 KRW; equal: True
by name: 24000.00 JPY = 2400000 sub-units, back 240.00 JPY; by object: 24000 JPY = 24000 sub-units, back 24000 JPY; equal: True
by name: 24000.00 KWD = 2400000 sub-units, back 240.00 KWD; by object: 24000.000 KWD = 24000000 sub-units, back 24.000 KWD; equal: True' ]] || exit 1
