#!/usr/bin/env bash
#
# Software: python-jose 3.5.0, joserfc 1.8.0, Authlib 1.9.6 (its `authlib.jose`) (Python), go-jose 4.1.4 (Go); PyJWT 2.15.1 beside them.
# Expected: a token that names its key by `kid` is verified with that key of the issuer's set, whatever other keys are there: RFC 7517,
#   section 5, asks to ignore keys of a type or with values that one does not understand.
# What happens: a set with the right RSA key and one more before it can't be used at all:
#   - python-jose fails with any key of another type, be it a plain P-256 one: it tries all keys in turn and ignores `kid`;
#   - joserfc passes over a `kty` that it doesn't know, and fails with a bare KeyError at a curve that it doesn't know;
#   - Authlib passes over such a curve, and fails with a bare KeyError at such a `kty` (the `AKP` of post-quantum keys);
#   - go-jose fails at both, and at the registered curve secp256k1, too.
#   So an issuer's added key locks everybody out.
# Source: mpdavis/python-jose#331, authlib/joserfc#104, go-jose/go-jose#276.
# Needs: Python 3.10 or newer with venv, Go 1.24 or newer.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q python-jose==3.5.0 joserfc==1.8.0 authlib==1.9.6 pyjwt==2.15.1 cryptography==50.0.2
cat >"$dir/verify.py" <<'PYTHON'
import base64
import json
import sys
import warnings

warnings.simplefilter("ignore")
import jwt
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwt as python_jose
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def curve_key(curve, name):
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(it.to_bytes(32, "big")).decode().rstrip("=") for it in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": name, "kid": "other", "use": "sig", "x": x, "y": y}


right = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "right", "use": "sig", "alg": "RS256"}
token = jwt.encode({"sub": "1"}, key, algorithm="RS256", headers={"kid": "right"})
others = {
    "no other key": [],
    "P-256": [curve_key(ec.SECP256R1(), "P-256")],
    "secp256k1": [curve_key(ec.SECP256K1(), "secp256k1")],
    "brainpoolP256r1": [curve_key(ec.BrainpoolP256R1(), "brainpoolP256r1")],
    "kty AKP": [{"kty": "AKP", "alg": "ML-DSA-65", "kid": "other", "pub": "AAAA"}],
}
readers = {
    "PyJWT": lambda keys: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)["right"], algorithms=["RS256"]),
    "python-jose": lambda keys: python_jose.decode(token, keys, algorithms=["RS256"]),
    "joserfc": lambda keys: joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]),
    "Authlib": lambda keys: JsonWebToken(["RS256"]).decode(token, JsonWebKey.import_key_set(keys)),
}
sets = {name: {"keys": [*more, right]} for name, more in others.items()}
for name, keys in sets.items():
    told = []
    for reader, read in readers.items():
        try:
            read(keys)
            told.append(f"{reader} verified")
        except Exception as error:
            told.append(f"{reader} {type(error).__name__}")
    print(f"{name}: {', '.join(told)}")
with open(sys.argv[1], "w") as file:
    json.dump({"token": token, "sets": sets, "order": list(sets)}, file)
PYTHON
mkdir "$dir/go"
cat >"$dir/go/go.mod" <<'GOMOD'
module finding

go 1.24.0

require github.com/go-jose/go-jose/v4 v4.1.4
GOMOD
cat >"$dir/go/main.go" <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func main() {
	var input struct {
		Token string
		Sets  map[string]json.RawMessage
		Order []string
	}
	content, _ := os.ReadFile(os.Args[1])
	if err := json.Unmarshal(content, &input); err != nil {
		panic(err)
	}
	for _, name := range input.Order {
		token, err := jwt.ParseSigned(input.Token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			panic(err)
		}
		var keys jose.JSONWebKeySet
		told := "verified"
		if err := json.Unmarshal(input.Sets[name], &keys); err != nil {
			told = "the set is refused"
		} else if err := token.Claims(keys, &jwt.Claims{}); err != nil {
			told = "the token is refused"
		}
		fmt.Printf("%s: go-jose %s\n", name, told)
	}
}
GO
python=$("$dir/venv/bin/python" "$dir/verify.py" "$dir/input.json" 2>"$dir/log")
(cd "$dir/go" && go mod tidy >"$dir/log" 2>&1 && go build -o "$dir/verify" . >"$dir/log" 2>&1)
go=$("$dir/verify" "$dir/input.json" 2>"$dir/log")
seen="$python
$go"
echo "$seen"
[[ $seen == 'no other key: PyJWT verified, python-jose verified, joserfc verified, Authlib verified
P-256: PyJWT verified, python-jose JWKError, joserfc verified, Authlib verified
secp256k1: PyJWT verified, python-jose JWKError, joserfc verified, Authlib verified
brainpoolP256r1: PyJWT verified, python-jose JWKError, joserfc KeyError, Authlib verified
kty AKP: PyJWT verified, python-jose JWKError, joserfc verified, Authlib KeyError
no other key: go-jose verified
P-256: go-jose verified
secp256k1: go-jose the set is refused
brainpoolP256r1: go-jose the set is refused
kty AKP: go-jose the set is refused' ]] || exit 1
