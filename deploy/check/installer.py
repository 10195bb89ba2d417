"""The role that installs the chart (helm/installer-role.yaml) against the objects that the chart makes: all of them and nothing more.

    installer.py ROLE.yaml RENDERED.yaml...

Prints what is wrong, and exits with 1 then."""

import pathlib
import sys

import yaml

RESOURCES = {
    "ConfigMap": ("", "configmaps"),
    "Secret": ("", "secrets"),
    "Service": ("", "services"),
    "Deployment": ("apps", "deployments"),
    "StatefulSet": ("apps", "statefulsets"),
    "Job": ("batch", "jobs"),
    "HorizontalPodAutoscaler": ("autoscaling", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("policy", "poddisruptionbudgets"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "Ingress": ("networking.k8s.io", "ingresses"),
}
# What helm does to an object of a release: it makes, looks at, changes and removes it.
NEEDED = {"get", "create", "patch", "delete"}
# It keeps each release in a secret, which it lists and writes anew.
NEEDED_FOR_RELEASES = NEEDED | {"list", "update"}
READS = {"get", "list", "watch"}


def verbs_of(role):
    granted = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                granted.setdefault((group, resource), set()).update(rule["verbs"])
    return granted


def wrong(role, kinds):
    if role["kind"] != "Role":
        yield "is not a role of one namespace"
    granted = verbs_of(role)
    if any("*" in one for pair in granted.items() for one in (*pair[0], *pair[1])):
        yield "has a wildcard"
    for kind in kinds:
        if kind not in RESOURCES:
            yield f"{kind} is not known here as an object of a namespace"
            continue
        missing = (NEEDED_FOR_RELEASES if kind == "Secret" else NEEDED) - granted.get(RESOURCES[kind], set())
        if missing:
            yield f"{kind}: {sorted(missing)} is missing"
    written = {resource for resource, verbs in granted.items() if verbs - READS}
    for resource in written - {RESOURCES[kind] for kind in kinds if kind in RESOURCES}:
        yield f"{resource}: the chart makes none"


def main():
    role, *rendered = [pathlib.Path(name).read_text() for name in sys.argv[1:]]
    kinds = {one["kind"] for text in rendered for one in yaml.safe_load_all(text) if one}
    problems = list(wrong(yaml.safe_load(role), kinds))
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
