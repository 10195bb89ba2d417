"""A role against what its user asked the API server for.

    rights.py ROLE.json AUDIT.log

Tells the rights that were never used, and the requests that were refused, and exits with 1 if there are any. Requests in namespaces whose
role was cut on purpose (without-…) and in those that it is no role of do not count."""

import json
import sys


def granted(role):
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def asked(log):
    """What was asked for, with the answer's status."""
    for line in log:
        event = json.loads(line)
        of = event.get("objectRef", {})
        namespace = of.get("namespace", "")
        if of.get("resource") and namespace not in {"", "default"} and not namespace.startswith("without-"):
            yield (of.get("apiGroup", ""), of["resource"], event["verb"]), event["responseStatus"]["code"]


def main():
    with open(sys.argv[1]) as role, open(sys.argv[2]) as log:
        rights, requests = granted(json.load(role)), set(asked(log))
    refused = {right for right, code in requests if code == 403}
    unused = rights - {right for right, code in requests if code != 403}
    for problem, those in (("refused", refused), ("never used", unused)):
        for group, resource, verb in sorted(those):
            print(f"{problem}: {verb} {resource}{group and '.' + group}")
    if not requests:
        print("nothing was asked for at all")
    return 1 if refused or unused or not requests else 0


sys.exit(main())
