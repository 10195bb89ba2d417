"""What no schema knows: names that must fit together in a descriptor, and with the programs' own settings.

    rules.py ROOT MANIFESTS.yaml
    rules.py ROOT --compose COMPOSE.yaml

Prints what is wrong, and exits with 1 then.
"""

import pathlib
import re
import sys

import yaml

import doors
import pod_security

OURS = {"order-service": "order", "composite-service": "composite", "payment-simulator": "payment"}
SECRETS = {"DB_PASSWORD", "PAYMENT_SECRET_KEY", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "KAFKA_SSL_KEY_PASSWORD"}
SECRETS |= {"ORDER_TOKEN_SECRET", "PROXY_SECRET", "SERVICE_TOKEN", "OPERATOR_TOKEN"}
# Not every way to know members asks for the first two, and a login at Kafka for one of the others. The services name what is missing.
OPTIONAL_SECRETS = {"ORDER_TOKEN_SECRET", "PROXY_SECRET", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET"}
MEMORY = {"350Mi", "350m"}
# What SIGTERM is followed by after the grace: leaving the group and flushing.
LEAVING_SECONDS = 9

problems = []


def expect(holds, problem):
    if not holds:
        problems.append(problem)


def expect_none(where, wrong):
    problems.extend(f"{where}: {what}" for what in wrong)


def known_variables(root):
    """The variables that each program reads: from the tables at the head of its modules, and from the simulator's arguments."""

    def tables(folder):
        heads = [file.read_text() for file in (root / folder).rglob("*.rs")]
        rows = [row for head in heads if "//! | variable |" in head for row in re.findall(r"^//! \|([^|]+)\|", head, re.M)]
        return {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}

    common = tables("shared/src") | {"RUST_LOG"}
    simulator = re.findall(r'env = "([A-Z_]+)"', (root / "tools/payment_simulator/src/cli.rs").read_text())
    known = {
        "order": common | tables("order_service/src"),
        "composite": common | tables("composite_service/src"),
        "payment": {"TZ", "RUST_LOG", *simulator},
    }
    for program, names in known.items():
        assert len(names) > 3, f"no settings found of {program}: has their table moved?"
    return known


def program_of(image):
    return OURS.get(image.rsplit("/", 1)[-1].split(":")[0])


def check_settings(where, program, names, known, is_serving):
    expect(names <= known[program], f"{where}: variables that the program does not read: {sorted(names - known[program])}")
    expect("TZ" in names, f"{where}: TZ is missing")
    if is_serving and program != "payment":
        expect({"SERVICE_TOKEN", "OPERATOR_TOKEN"} <= names, f"{where}: needs the tokens of its ports")
    needed = {"order": {"DB_HOST", "DB_PASSWORD", "HTTP_ADDR"}, "composite": {"PAYMENT_SECRET_KEY", "ORDER_SERVICE_URL", "HTTP_ADDR", "MEMBER_AUTH"}}
    expect(needed.get(program, set()) <= names, f"{where}: needs {needed.get(program)}")


def check_container(where, container, pod, known, maps):
    variables = {variable["name"]: variable for variable in container.get("env", [])}
    for name in SECRETS & variables.keys():
        expect("secretKeyRef" in variables[name].get("valueFrom", {}), f"{where}: {name} does not come from a secret")
    program = program_of(container["image"])
    if not program:
        return
    check_settings(where, program, variables.keys(), known, bool(container.get("ports")))
    expect(container["resources"]["limits"]["memory"] in MEMORY, f"{where}: the memory limit is not 350Mi")
    expect({"cpu", "memory"} <= container["resources"]["requests"].keys(), f"{where}: no requests, so no autoscaling")
    security = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    expect(security.get("runAsUser") == 10001, f"{where}: does not run as 10001")
    expect(security.get("readOnlyRootFilesystem"), f"{where}: the root file system can be written")
    if program == "payment" or not container.get("ports"):
        kafka_login = sorted(name for name in variables if name.startswith(("KAFKA_SASL_", "KAFKA_SSL_")))
        expect(not kafka_login, f"{where}: needs no login at Kafka: {kafka_login}")
        shown = sorted(name for name, one in variables.items() if name.endswith("_ADDR") and not one["value"].startswith("127.0.0.1:"))
        expect(not shown, f"{where}: serves nobody, and would need tokens for {shown}")
        return
    told = doors.Variables(container, maps)
    expect_none(where, doors.wrong_in_kafka_login(told, container, pod))
    if program == "composite":
        expect_none(where, doors.wrong_in_door(told))
    ports = {str(port["containerPort"]) for port in container["ports"]}
    expect(variables["HTTP_ADDR"]["value"].split(":")[1] in ports, f"{where}: listens on another port than it says")
    expect(variables["INTERNAL_ADDR"]["value"].split(":")[1] in ports, f"{where}: its port for operators is not named")
    for probe, path in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]:
        expect(container.get(probe, {}).get("httpGet", {}).get("path") == path, f"{where}: {probe} does not ask {path}")
    delay, grace = (int(variables[f"SHUTDOWN_{name}_SECONDS"]["value"]) for name in ("DELAY", "GRACE"))
    expect(pod["terminationGracePeriodSeconds"] >= grace + LEAVING_SECONDS, f"{where}: would be killed before its grace of {grace} s is over")
    expect(2 <= delay < grace, f"{where}: serves for {delay} s of {grace} s after SIGTERM")
    expect(container["readinessProbe"]["timeoutSeconds"] >= 2, f"{where}: /readyz may take a second for each part")


def check_references(objects, pods, maps):
    """Selectors select, services exist under the names that programs call, and keys are where they are looked for."""
    services = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Service"}
    labels = [pod["metadata"]["labels"] for pod in pods.values()]

    def selects(selector):
        return any(selector.items() <= of_pod.items() for of_pod in labels)

    for name, service in services.items():
        expect(selects(service["spec"]["selector"]), f"service {name} selects no pod")
        selected = [pod for pod in pods.values() if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()]
        for port in service["spec"]["ports"]:
            names = {p["name"] for pod in selected for c in pod["spec"]["containers"] for p in c.get("ports", [])}
            expect(port["targetPort"] in names, f"service {name}: no port {port['targetPort']}")
    for one in objects:
        where = f"{one['kind']} {one['metadata']['name']}"
        match one["kind"]:
            case "PodDisruptionBudget" | "NetworkPolicy":
                selector = one["spec"].get("selector") or one["spec"].get("podSelector")
                expect(selects(selector["matchLabels"]), f"{where} selects no pod")
            case "HorizontalPodAutoscaler":
                target = one["spec"]["scaleTargetRef"]
                found = [o for o in objects if (o["kind"], o["metadata"]["name"]) == (target["kind"], target["name"])]
                expect(found and "replicas" not in found[0]["spec"], f"{where}: its target is missing, or has replicas of its own")
            case "Ingress":
                for rule in one["spec"]["rules"]:
                    for path in rule["http"]["paths"]:
                        backend = path["backend"]["service"]
                        ports = services.get(backend["name"], {}).get("spec", {}).get("ports", [])
                        known = {p["port"] for p in ports} | {p["name"] for p in ports}
                        expect(next(iter(backend["port"].values())) in known, f"{where}: no such backend: {backend}")
            case "Secret":
                expect("stringData" not in one, f"{where} has values in plain sight")
    for where, pod in pods.items():
        for container in pod_security.containers_of(pod):
            for variable in container.get("env", []):
                source = variable.get("valueFrom", {}).get("configMapKeyRef")
                expect(not source or source["key"] in maps.get(source["name"], {}), f"{where}: no {source}")
                url = re.match(r"http://([a-z0-9-]+):(\d+)$", str(variable.get("value", "")))
                if url and variable["name"] in {"ORDER_SERVICE_URL", "PAYMENT_URL"}:
                    ports = [port["port"] for port in services.get(url[1], {"spec": {"ports": []}})["spec"]["ports"]]
                    expect(int(url[2]) in ports, f"{where}: {variable['name']} names no service of these")


def check_manifests(root, file, known):
    objects = [one for one in yaml.safe_load_all(file.read_text()) if one]
    expect(len(objects) > 5, "there is next to nothing in it")
    identities = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in objects]
    expect(len(identities) == len(set(identities)), "two objects have one name")
    pods = {f"{one['kind']} {one['metadata']['name']}": one["spec"]["template"] for one in objects if "template" in one.get("spec", {})}
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in objects if one["kind"] == "ConfigMap"}
    for where, pod in pods.items():
        expect(pod["spec"].get("automountServiceAccountToken") is False, f"{where}: has a token of the cluster")
        expect_none(where, pod_security.wrong_in_pod(pod))
        for container in pod_security.containers_of(pod):
            check_container(f"{where}, {container['name']}", container, pod["spec"], known, maps)
    check_references(objects, pods, maps)
    dropped = doors.dropped_by_controller(root)
    for one in objects:
        where = f"{one['kind']} {one['metadata']['name']}"
        if one["kind"] == "Ingress":
            expect_none(where, doors.wrong_in_ingress(one, dropped))
        if one["kind"] == "NetworkPolicy":
            expect_none(where, doors.wrong_in_policy(one))


def environment_of(service):
    """As a map: files that were put together have a list."""
    given = service["environment"]
    return dict(one.split("=", 1) for one in given) if isinstance(given, list) else given


def check_compose(file, known):
    services = yaml.safe_load(file.read_text())["services"]
    for name, service in services.items():
        program = program_of(service["image"])
        environment = environment_of(service)
        for variable in SECRETS & environment.keys():
            form = r"\$\{[A-Z_]+:-\}" if variable in OPTIONAL_SECRETS else r"\$\{[A-Z_]+:\?.+\}"
            expect(re.fullmatch(form, str(environment[variable])), f"{name}: {variable} does not come from outside")
        if environment.get("KAFKA_SECURITY_PROTOCOL"):
            check_compose_login(name, service, environment)
        if program:
            check_settings(name, program, environment.keys(), known, is_serving="command" not in service)
            expect(service["mem_limit"] in MEMORY, f"{name}: the memory limit is not 350m")
            expect(service["read_only"], f"{name}: the root file system can be written")
        for other, how in service.get("depends_on", {}).items():
            is_checked = how["condition"] != "service_healthy" or "test" in services[other].get("healthcheck", {})
            expect(is_checked, f"{name} waits for {other}'s health, which nobody checks")
    expect(services["order"]["deploy"]["replicas"] == 2, "there are not two order services")


def check_compose_login(name, service, environment):
    expect({"KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"} <= environment.keys(), f"{name}: has no account at Kafka")
    mounted = {one["target"] for one in service.get("secrets", [])}
    expect(environment["KAFKA_SSL_CA_LOCATION"] in mounted, f"{name}: the authorities of Kafka's brokers are not there")
    expect("kafka" not in service.get("depends_on", {}), f"{name}: waits for another Kafka")


def main():
    root, *rest = sys.argv[1:]
    root = pathlib.Path(root)
    known = known_variables(root)
    if rest[0] == "--compose":
        check_compose(pathlib.Path(rest[1]), known)
    else:
        check_manifests(root, pathlib.Path(rest[0]), known)
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
