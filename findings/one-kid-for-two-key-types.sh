#!/usr/bin/env bash
#
# Software: jwks-rsa 4.1.0 (Node.js), PyJWT 2.15.1, joserfc 1.8.0 (Python); jose 6.2.17 (Node.js) and jwcrypto 1.6.1 (Python) beside them.
# Expected: an issuer may give its RSA and its EC key one `kid`, as RFC 7517, section 4.5, allows for equivalent keys of different `kty`;
#   the token's `alg` tells which of the two is meant.
# What happens: jwks-rsa, PyJWT's PyJWKSet and joserfc take the first key with that `kid` and don't look at `alg`. With the EC key first each
#   RS256 token is refused, with the RSA key first each ES256 token is: one half of the tokens, by the order of the set.
# Needs: Node.js 20 or newer with npm, Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

npm install --silent --no-audit --no-fund --prefix "$dir" jwks-rsa@4.1.0 jose@6.2.17 >"$dir/log" 2>&1
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q joserfc==1.8.0 jwcrypto==1.6.1 pyjwt==2.15.1 cryptography==50.0.2
cat >"$dir/verify.mjs" <<'JAVASCRIPT'
import * as jose from 'jose'
import jwks from 'jwks-rsa'
import { writeFileSync } from 'node:fs'

const pairs = { RS256: await jose.generateKeyPair('RS256'), ES256: await jose.generateKeyPair('ES256') }
const keys = {}
const tokens = {}
for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
  keys[alg] = { ...(await jose.exportJWK(publicKey)), kid: 'mall', use: 'sig' }
  tokens[alg] = await new jose.SignJWT({ sub: '1' }).setProtectedHeader({ alg, kid: 'mall' }).sign(privateKey)
}
const sets = { 'EC first': { keys: [keys.ES256, keys.RS256] }, 'RSA first': { keys: [keys.RS256, keys.ES256] } }
writeFileSync(process.argv[2], JSON.stringify({ tokens, sets }))
for (const [name, set] of Object.entries(sets)) {
  for (const [alg, token] of Object.entries(tokens)) {
    const told = promise => promise.then(() => 'verified', () => 'refused')
    const client = jwks({ jwksUri: 'http://127.0.0.1/jwks', fetcher: async () => set })
    const key = (await client.getSigningKey('mall')).getPublicKey()
    const ours = await told(jose.importSPKI(key, alg).then(it => jose.jwtVerify(token, it)))
    console.log(`${name}, ${alg}: jose ${await told(jose.jwtVerify(token, jose.createLocalJWKSet(set)))}, jwks-rsa ${ours}`)
  }
}
JAVASCRIPT
cat >"$dir/verify.py" <<'PYTHON'
import json
import sys

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

with open(sys.argv[1]) as file:
    given = json.load(file)
readers = {
    "jwcrypto": lambda token, keys, algs: JWT(jwt=token, key=JWKSet.from_json(json.dumps(keys)), algs=algs),
    "PyJWT": lambda token, keys, algs: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)["mall"].key, algorithms=algs),
    "joserfc": lambda token, keys, algs: joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=algs),
}
for name, keys in given["sets"].items():
    for alg, token in given["tokens"].items():
        told = []
        for reader, read in readers.items():
            try:
                read(token, keys, ["RS256", "ES256"])
                told.append(f"{reader} verified")
            except Exception:
                told.append(f"{reader} refused")
        print(f"{name}, {alg}: {', '.join(told)}")
PYTHON
javascript=$(node "$dir/verify.mjs" "$dir/input.json" 2>"$dir/log")
python=$("$dir/venv/bin/python" "$dir/verify.py" "$dir/input.json" 2>"$dir/log")
seen="$javascript
$python"
echo "$seen"
[[ $seen == 'EC first, RS256: jose verified, jwks-rsa refused
EC first, ES256: jose verified, jwks-rsa verified
RSA first, RS256: jose verified, jwks-rsa verified
RSA first, ES256: jose verified, jwks-rsa refused
EC first, RS256: jwcrypto verified, PyJWT refused, joserfc refused
EC first, ES256: jwcrypto verified, PyJWT verified, joserfc verified
RSA first, RS256: jwcrypto verified, PyJWT verified, joserfc verified
RSA first, ES256: jwcrypto verified, PyJWT refused, joserfc refused' ]] || exit 1
