"""Gives every answer that openapi.json has as an example to the generated client: python answers.py PACKAGE OPENAPI_JSON

The client must make a typed object of each, of all its members, and an enum's value of the `reason` of each error.
"""

import json
import re
import sys
from enum import Enum
from importlib import import_module

import httpx

package, contract_file = sys.argv[1:]
with open(contract_file, encoding="utf-8") as file:
    contract = json.load(file)
client = import_module(package).Client(base_url="http://mall.example")


def resolved(part):
    while "$ref" in part:
        target = contract
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def told(parsed):
    """What the object says, as JSON has it."""
    return [told(each) for each in parsed] if isinstance(parsed, list) else parsed.to_dict()


def same(one, other):
    """The same JSON; a date may be written in another way."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    date = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
    if isinstance(one, str) and isinstance(other, str) and date.match(one):
        return date.match(one).group() == date.match(other).group()
    return one == other


def check(operation, status, value):
    module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation["operationId"]).lower()
    api = import_module(f"{package}.api.{operation['tags'][0]}.{module}")
    parsed = api._build_response(client=client, response=httpx.Response(int(status), json=value)).parsed
    where = f"{operation['operationId']} {status}"
    assert parsed is not None, f"{where}: the client drops this answer"
    assert same(value, told(parsed)), f"{where}: {value} became {told(parsed)}"
    if "type" in value:  # An error; readiness has a `reason`, too, which is a sentence.
        assert isinstance(parsed.reason, Enum), f"{where}: {parsed.reason!r} is not an enum's value"


count = 0
for item in contract["paths"].values():
    for operation in item.values():
        for status, response in operation["responses"].items():
            if status == "304":
                continue  # It has no body: the client's own copy is still right.
            examples = resolved(response)["content"]["application/json"]["examples"]
            for example in examples.values():
                check(operation, status, example["value"])
                count += 1
print(count)
