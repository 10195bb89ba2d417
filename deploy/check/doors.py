"""Who is let in: headers that an ingress must drop, network policies without wildcards, how services log in at Kafka and how the
composite knows members. Each function yields what is wrong."""

import ipaddress
import re

import yaml

# Whoever sends them could say who they are.
DROPPED_HEADERS = ("X-Member-Id", "X-Proxy-Secret")
# Whom of its release a part may speak to.
REACHES = {
    "composite": {"order", "payment", "kafka"},
    "order": {"kafka", "mysql"},
    "catalogue": {"mysql"},
    "kafka": {"kafka"},
    "mysql": set(),
    "payment": set(),
}
COMPONENT = "app.kubernetes.io/component"


def dropped_by_controller(root):
    """The headers that the shipped ingress controller drops, because their value is empty."""
    values = yaml.safe_load((root / "deploy/helm/ingress-nginx-values.yaml").read_text())
    return {name for name, value in values["controller"].get("proxySetHeaders", {}).items() if value == ""}


def wrong_in_ingress(ingress, by_controller):
    snippet = ingress["metadata"].get("annotations", {}).get("nginx.ingress.kubernetes.io/configuration-snippet", "")
    by_itself = set(re.findall(r'^proxy_set_header (\S+) "";$', snippet, re.M))
    # Either all that serves it, or itself: a half of each is a mistake.
    dropped = by_itself if snippet else by_controller
    for header in DROPPED_HEADERS:
        if header not in dropped:
            yield f"lets {header} in from outside"


def wrong_in_peer(peer):
    if "ipBlock" in peer:
        network = ipaddress.ip_network(peer["ipBlock"]["cidr"])
        if network.prefixlen < (8 if network.version == 4 else 16):
            yield f"{network} is next to everybody"
        return
    selectors = [peer[name] for name in ("namespaceSelector", "podSelector") if name in peer]
    if not selectors or not all(one.get("matchLabels") or one.get("matchExpressions") for one in selectors):
        yield f"selects everybody: {peer}"


def wrong_in_policy(policy):
    spec = policy["spec"]
    part = spec["podSelector"]["matchLabels"][COMPONENT]
    if sorted(spec["policyTypes"]) != ["Egress", "Ingress"]:
        yield "is not for both directions"
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction, []):
            if not rule.get(side):
                yield f"{direction} for everybody: {rule}"
            if not rule.get("ports") or not all(port.get("port") for port in rule["ports"]):
                yield f"{direction} on every port: {rule}"
            for peer in rule.get(side) or []:
                yield from wrong_in_peer(peer)
    peers = [peer for rule in spec.get("egress", []) for peer in rule.get("to") or []]
    labels = [peer.get("podSelector", {}).get("matchLabels") or {} for peer in peers]
    reached = {one[COMPONENT] for one in labels if COMPONENT in one}
    if reached - REACHES[part]:
        yield f"reaches {sorted(reached - REACHES[part])}, which it does not need"


class Variables:
    """The variables of a container, as far as a descriptor tells them."""

    def __init__(self, container, maps):
        self.given = {one["name"]: one for one in container.get("env", [])}
        self.maps = maps

    def value(self, name):
        one = self.given.get(name, {})
        source = one.get("valueFrom", {}).get("configMapKeyRef")
        return self.maps.get(source["name"], {}).get(source["key"], "") if source else one.get("value", "")

    def is_secret(self, name):
        return "secretKeyRef" in self.given.get(name, {}).get("valueFrom", {})

    def is_required(self, name):
        source = self.given.get(name, {}).get("valueFrom", {}).get("secretKeyRef", {})
        return name in self.given and not source.get("optional")


def is_mounted(path, container, pod):
    """Whether the file comes from a secret."""
    folder, _, file = path.rpartition("/")
    names = [one["name"] for one in container.get("volumeMounts", []) if one["mountPath"] == folder]
    volumes = [one for one in pod.get("volumes", []) if one["name"] in names]
    return any(item["path"] == file for one in volumes for item in one.get("secret", {}).get("items", []))


def wrong_in_kafka_login(variables, container, pod):
    protocol = variables.value("KAFKA_SECURITY_PROTOCOL")
    if protocol not in {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}:
        yield f"KAFKA_SECURITY_PROTOCOL is {protocol!r}"
    if protocol.startswith("SASL_"):
        mechanism = variables.value("KAFKA_SASL_MECHANISM")
        if mechanism not in {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"}:
            yield "KAFKA_SASL_MECHANISM is none"
        by_token = mechanism == "OAUTHBEARER"
        if by_token != bool(variables.value("KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL")):
            yield f"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL is missing or not read with {mechanism}"
        proof = ("OAUTHBEARER_CLIENT_ID", "OAUTHBEARER_CLIENT_SECRET") if by_token else ("USERNAME", "PASSWORD")
        for name in (f"KAFKA_SASL_{part}" for part in proof):
            if not variables.is_secret(name):
                yield f"{name} does not come from a secret"
    files = {name: variables.value(name) for name in variables.given if re.fullmatch(r"KAFKA_SSL_\w+_LOCATION", name)}
    for name, path in files.items():
        if path and not protocol.endswith("SSL"):
            yield f"{name} has no effect with {protocol}"
        if path and not is_mounted(path, container, pod):
            yield f"{name}: no secret is mounted with {path}"


def wrong_in_door(variables):
    mode = variables.value("MEMBER_AUTH")
    if mode not in {"open", "proxy", "jwt"}:
        yield f"MEMBER_AUTH is {mode!r}"
    for name in ("OIDC_ISSUER", "OIDC_AUDIENCE"):
        if mode == "jwt" and not variables.value(name):
            yield f"{name} is missing with {mode}"
    for name in ("OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_JWKS_URL", "OIDC_PROXY_URL", "OIDC_MEMBER_CLAIM", "SUPPORT_SCOPE"):
        if mode != "jwt" and variables.value(name):
            yield f"{name} is not read with {mode}"
    for name, modes in {"ORDER_TOKEN_SECRET": {"proxy", "jwt"}, "PROXY_SECRET": {"proxy"}}.items():
        if mode in modes and not variables.is_secret(name):
            yield f"{name} does not come from a secret"
        if mode not in modes and variables.is_required(name):
            yield f"{name} is not read with {mode}"
