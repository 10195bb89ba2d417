"""Names what differs between objects of a cluster, as `kubectl get --output json` tells them at two times.

    changes.py [--identities] BEFORE.json AFTER.json

A line for each difference. A secret's values are never told. With --identities: the objects that are not the same any more, or gone."""

import json
import sys

# What the cluster writes by itself, and what says nothing about the object.
VOLATILE = {"resourceVersion", "generation", "uid", "creationTimestamp", "managedFields"}
WRITTEN_BY_CONTROLLERS = {"deployment.kubernetes.io/revision"}
# What names a list's elements, in the order of preference.
KEYS = ("mountPath", "name", "containerPort", "port", "path")


def read(file):
    with open(file) as opened:
        return {f"{one['kind']}/{one['metadata']['name']}": one for one in json.load(opened)["items"]}


def told(item):
    """The object without its status and without what is volatile."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in VOLATILE}
    annotations = metadata.get("annotations", {})
    metadata["annotations"] = {name: value for name, value in annotations.items() if name not in WRITTEN_BY_CONTROLLERS}
    return {**{name: value for name, value in item.items() if name not in {"status", "metadata"}}, "metadata": metadata}


def by_name(value):
    """A list of named elements as a map of them."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for key in KEYS:
            names = [one.get(key) for one in value]
            if None not in names and len(set(map(str, names))) == len(names):
                return {f"[{name}]": one for name, one in zip(names, value)}
    if isinstance(value, list):
        return {f"[{place}]": one for place, one in enumerate(value)}
    return value


def differences(before, after, path=""):
    if before == after:
        return
    before, after = by_name(before), by_name(after)
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield path, before, after
        return
    for name in [*before, *(name for name in after if name not in before)]:
        inner = path + (name if name.startswith("[") else f".{name}")
        if name not in after:
            yield inner, before[name], None
        elif name not in before:
            yield inner, None, after[name]
        else:
            yield from differences(before[name], after[name], inner)


def words(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def all_changes(before, after):
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name}: is gone"
        elif name not in before:
            yield f"{name}: is new"
        else:
            for path, old, new in differences(told(before[name]), told(after[name])):
                what = f"{name}: {path.lstrip('.')}"
                if old is None or new is None:
                    yield f"{what} {'is new' if old is None else 'is gone'}"
                elif name.startswith("Secret/"):
                    yield f"{what} is another value"
                else:
                    yield f"{what} is {words(new)}, not {words(old)}"


def identities(before, after):
    for name, item in sorted(before.items()):
        if name not in after:
            yield f"{name}: is gone"
        elif after[name]["metadata"]["uid"] != item["metadata"]["uid"]:
            yield f"{name}: was made anew"


def main():
    *flags, before, after = sys.argv[1:]
    tell = identities if flags == ["--identities"] else all_changes
    for line in tell(read(before), read(after)):
        print(line)


main()
