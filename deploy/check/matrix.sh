# shellcheck shell=bash
# The chart's values that are tried: each is rendered by check.sh, and installed by cluster.sh. Needs $root and $chart.

production=(-f "$chart/values-production.yaml")
kafka_elsewhere=(--set kafka.enabled=false --set "kafkaClient.bootstrapServers=k0:9092\,k1:9093\,k2:9092" --set "networkPolicy.kafkaPeers[0].ipBlock.cidr=192.0.2.0/24")
kafka_login=(--set kafkaClient.security.protocol=SASL_SSL --set order.kafka.loginSecret=order-kafka --set composite.kafka.loginSecret=composite-kafka)
jwt=(--set memberAuth.mode=jwt --set memberAuth.oidc.issuer=https://id.example.com/mall --set memberAuth.oidc.audience=mall)
identity=(--set "networkPolicy.identityPeers[0].ipBlock.cidr=2001:db8::/48")
# Name, then the flags.
matrix=(
    "default"
    "catalogue --set-file catalogue.json=$root/tools/stack/sample/catalogue.json"
    "no-scaling --set order.autoscaling.enabled=false --set composite.autoscaling.enabled=false"
    "no-ingress --set ingress.enabled=false --set networkPolicy.enabled=false"
    "three-brokers --set kafka.replicas=3"
    "own-mysql-only ${kafka_elsewhere[*]}"
    "own-kafka-only --set mysql.enabled=false --set database.host=db:3307 --set networkPolicy.databasePeers[0].ipBlock.cidr=192.0.2.7/32 --set secret.existing=order-secret"
    "parts-only --set order.enabled=false --set composite.enabled=false --set paymentSimulator.enabled=false --set payment.url=http://p:1 --set secret.existing=order-secret"
    "tls-and-registry --set database.ssl.mode=verify_ca --set database.ssl.caSecret=ca --set images.prefix=registry.example.com/mall/ --set images.pullSecrets[0].name=pull"
    "member-service --set memberService.url=http://members.members-space:8080 --set networkPolicy.memberPorts[0]=8080 --set networkPolicy.memberPeers[0].namespaceSelector.matchLabels.name=members"
    "further-settings --set order.env.MAX_BATCH=256 --set composite.env.MAX_PURCHASES=1024 --set mysql.storageClass=fast --set ingress.host=mall.example.com"
    "kafka-scram-tls ${kafka_elsewhere[*]} ${kafka_login[*]} --set kafkaClient.security.caSecret=kafka-ca"
    "kafka-scram-tls-database-tls ${kafka_elsewhere[*]} ${kafka_login[*]} --set kafkaClient.security.caSecret=kafka-ca --set database.ssl.mode=verify_ca --set database.ssl.caSecret=ca"
    "kafka-plain ${kafka_elsewhere[*]} ${kafka_login[*]} --set kafkaClient.security.protocol=SASL_PLAINTEXT --set kafkaClient.security.saslMechanism=PLAIN"
    "kafka-token ${kafka_elsewhere[*]} ${kafka_login[*]} --set kafkaClient.security.saslMechanism=OAUTHBEARER --set kafkaClient.security.token.endpoint=https://id.example.com/token --set kafkaClient.security.token.scope=kafka --set networkPolicy.kafkaTokenPeers[0].ipBlock.cidr=192.0.2.9/32"
    "kafka-certificates ${kafka_elsewhere[*]} --set kafkaClient.security.protocol=SSL --set order.kafka.certificateSecret=o --set composite.kafka.certificateSecret=c"
    "members-by-proxy --set memberAuth.mode=proxy --set memberAuth.proxySecret=proxy"
    "members-by-token ${jwt[*]} ${identity[*]} --set memberAuth.oidc.jwksUrl=https://id.example.com/keys --set memberAuth.oidc.proxyUrl=http://proxy:3128 --set memberAuth.oidc.supportScope=support"
    "ingress-drops-by-itself --set ingress.dropHeadersBy=ingress"
    "other-name-servers --set networkPolicy.dnsPorts[0]=5353 --set networkPolicy.dnsPeers[0].namespaceSelector.matchLabels.name=dns --set networkPolicy.dnsPeers[1].ipBlock.cidr=169.254.20.10/32"
    "production ${production[*]}"
)
