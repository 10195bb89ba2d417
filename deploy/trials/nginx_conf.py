"""What ingress-nginx makes of an ingress, as far as the mall's ingresses use it: prints a configuration of nginx.

    nginx_conf.py INGRESS.yaml CONTROLLER-VALUES.yaml FOLDER PORT UPSTREAM...

Of its template (rootfs/etc/nginx/template/nginx.tmpl) this has the path and its rewriting, the headers that the controller's proxySetHeaders
sets, and the snippet of the ingress."""

import pathlib
import sys

import yaml

PREFIX = "nginx.ingress.kubernetes.io/"


def ingress_in(file):
    return next(one for one in yaml.safe_load_all(pathlib.Path(file).read_text()) if one and one["kind"] == "Ingress")


def location(ingress, controller):
    annotations = {name.removeprefix(PREFIX): text for name, text in ingress["metadata"]["annotations"].items()}
    assert annotations["use-regex"] == "true"
    path = ingress["spec"]["rules"][0]["http"]["paths"][0]["path"]
    headers = [f'proxy_set_header {name} "{value}";' for name, value in controller.get("proxySetHeaders", {}).items()]
    lines = [
        f'rewrite "(?i){path}" {annotations["rewrite-target"]} break;',
        f'client_max_body_size {annotations["proxy-body-size"]};',
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
        *headers,
        f'proxy_read_timeout {annotations["proxy-read-timeout"]}s;',
        f'proxy_next_upstream {controller["config"]["proxy-next-upstream"]};',
        *annotations.get("configuration-snippet", "").splitlines(),
        "proxy_pass http://composites;",
    ]
    return f'location ~* "^{path}" {{\n' + "".join(f"            {line}\n" for line in lines) + "        }"


def main():
    ingress, values, folder, port, *upstreams = sys.argv[1:]
    controller = yaml.safe_load(pathlib.Path(values).read_text())["controller"]
    servers = " ".join(f"server {one} max_fails=0;" for one in upstreams)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    print(f"""daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    log_format trial '$upstream_addr $status $request';
    access_log {folder}/access.log trial;
    {temporary}
    upstream composites {{ {servers} keepalive 320; }}
    server {{
        listen 127.0.0.1:{port};
        {location(ingress_in(ingress), controller)}
        location / {{ return 404; }}
    }}
}}""")


main()
