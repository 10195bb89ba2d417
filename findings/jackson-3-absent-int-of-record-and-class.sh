#!/usr/bin/env bash
#
# Software: Jackson 3.1.0 (`tools.jackson.core:jackson-databind`).
# Expected: a JSON object without the member `quantity` reads into `int quantity` alike, be it of a record or of a class with
#   the same two members: both get 0, as in Jackson 2, or both are refused.
# What happens: the record is refused (FAIL_ON_NULL_FOR_PRIMITIVES, on by default in 3, holds absent parameters of a creator for
#   nulls), the class gets 0. So turning a class of events into a record makes it refuse messages that it took before.
# Needs: Java 17 or newer, Maven.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

cat >"$dir/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>jackson</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>tools.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>3.1.0</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -Dstyle.color=never -f "$dir/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies \
    "-DoutputDirectory=$dir/lib" 2>"$dir/log"
cat >"$dir/Read.java" <<'JAVA'
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

public class Read {
    public record Line(String item, int quantity) {}

    public static class Row {
        public String item;
        public int quantity;
    }

    static String read(String json, Class<?> into) {
        try {
            var value = JsonMapper.builder().build().readValue(json, into);
            return "" + (value instanceof Line line ? line.quantity() : ((Row) value).quantity);
        } catch (JacksonException e) {
            return "refused";
        }
    }

    public static void main(String[] args) {
        for (var json : new String[] {"{\"item\":\"umbrella\"}", "{\"item\":\"umbrella\",\"quantity\":null}"}) {
            System.out.println(json + " record=" + read(json, Line.class) + " class=" + read(json, Row.class));
        }
    }
}
JAVA
seen=$(java -cp "$dir/lib/*" "$dir/Read.java" 2>"$dir/log")
echo "$seen"
[[ $seen == '{"item":"umbrella"} record=refused class=0
{"item":"umbrella","quantity":null} record=refused class=refused' ]] || exit 1
