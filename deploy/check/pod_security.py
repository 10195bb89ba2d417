"""What Pod Security's level `restricted` asks of pods (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and what the
API server warns of. Each function yields what is wrong."""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def containers_of(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def doubled(names):
    return sorted({name for name in names if names.count(name) > 1})


def wrong_in_container(container, of_pod):
    own = container.get("securityContext", {})
    both = {**of_pod, **own}
    if own.get("privileged") or own.get("procMount", "Default") != "Default":
        yield "is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "keeps capabilities"
    if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
        yield "may run as root"
    if both.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "has no seccomp profile"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "takes a port of its node"
    for what, names in {
        "variable": [one["name"] for one in container.get("env", [])],
        "port": [one["name"] for one in container.get("ports", [])],
        "mount": [one["mountPath"] for one in container.get("volumeMounts", [])],
    }.items():
        if doubled(names):
            yield f"{what} that is there twice: {doubled(names)}"


def wrong_in_pod(pod):
    spec = pod["spec"]
    security = spec.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield f"{name} is on"
    if security.get("sysctls") or "seLinuxOptions" in security:
        yield "changes its node's settings"
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for name, volume in volumes.items():
        if not volume.keys() - {"name"} <= VOLUMES:
            yield f"volume {name} is of a kind that is not allowed"
    if doubled([volume["name"] for volume in spec.get("volumes", [])]):
        yield "two volumes have one name"
    for container in containers_of(pod):
        for problem in wrong_in_container(container, security):
            yield f"{container['name']}: {problem}"
