# Sourced by ./kurve and ./check: find_jdk prints the home of the first JDK 25 or newer among JAVA_HOME,
# PATH and /usr/lib/jvm, or says on standard error what it found instead.

jdk_version() {
  [ -x "$1" ] || return 0
  "$1" -version 2>&1 | sed -n 's/.*version "\([0-9][0-9]*\).*/\1/p' | head -1
}

find_jdk() {
  local wanted=25 candidate real version found="" on_path
  on_path=$(command -v java || true)
  [ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
  for candidate in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/*; do
    [ -n "$candidate" ] && [ -d "$candidate" ] || continue
    real=$(readlink -f "$candidate") # the same one can have several names
    case "$found" in *"$real has"*) continue ;; esac
    version=$(jdk_version "$candidate/bin/java")
    [ -n "$version" ] || continue
    if [ "$version" -ge "$wanted" ] && [ -x "$candidate/bin/javac" ]; then
      echo "$candidate"
      return 0
    fi
    found="${found:+$found; }$real has version $version"
  done
  echo "kurve: no JDK $wanted or newer (${found:-none found}) — install one, for example Temurin $wanted, and point JAVA_HOME at it" >&2
  return 9
}
