#!/usr/bin/env bash
# Builds the image and tests it from outside: docker/build-and-smoke-test.sh [--base IMAGE] [--keep TAG]
#
# With docker when its daemon answers, on debian:12-slim. Otherwise with podman, as root, on a base that debootstrap makes from this
# machine's own Debian sources (kept in ~/.cache/skerry-docker), so that no image registry is needed. All that it makes is removed again but
# for that base and, with --keep, the image.
set -euo pipefail
cd "$(dirname "$0")/.."

base='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
  --base) base=${2:?--base needs an image}; shift 2 ;;
  --keep) keep=${2:?--keep needs a name}; shift 2 ;;
  *) echo "usage: $0 [--base IMAGE] [--keep TAG]" >&2; exit 2 ;;
  esac
done

docker info >/dev/null 2>&1 && engine=docker || engine=podman
[ $engine = docker ] || [ "$(id -u)" = 0 ] || exec sudo "$PWD/docker/build-and-smoke-test.sh" ${base:+--base "$base"} ${keep:+--keep "$keep"}

name=skerry-smoke-$$ image=${keep:-localhost/skerry-smoke-$$} began=$SECONDS
work=$(mktemp -d /var/tmp/skerry-docker.XXXXXX) # not /tmp, which may lie in memory and cannot hold an engine's layers

step() { echo "== $((SECONDS - began)) s: $*"; }
fail() {
  echo "FAILED: $*" >&2
  $engine logs "$name" 2>/dev/null | tail -n 20 >&2 || true
  exit 1
}

cleanup() {
  trap - EXIT
  {
    $engine rm -f "$name"
    $engine volume rm -f "$name"
    [ -n "$keep" ] || $engine rmi -f "$image"
    [ -n "$keep" ] || $engine image prune -f --filter label=skerry.stage=build # docker's older builder keeps what it built in
    umount "$work/storage/overlay" # podman's mount of its storage on itself, which outlives an interrupted run
  } >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- an engine ----

# Settings with which podman works in small virtual machines too, apart from the machine's own.
podman_settings() {
  # More than the defaults below may not be allowed: podman asks for the most that there is, without looking whether it may.
  cat > "$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
runtime = "runc" # crun refuses hybrid control groups
cgroup_manager = "cgroupfs" # systemd may not be there
events_logger = "file"
CONF
  export CONTAINERS_CONF=$work/containers.conf
  export DISABLE_HC_SYSTEMD=true # healthy() calls the health check, no timer of systemd's
  [ -z "$keep" ] || return 0
  export CONTAINERS_STORAGE_CONF=$work/storage.conf
  for driver in overlay vfs; do
    printf '[storage]\ndriver = "%s"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' $driver "$work" "$work" > "$work/storage.conf"
    podman info >/dev/null 2>"$work/why" && return
    rm -rf "$work/storage" "$work/run"
  done
  fail "podman does not work here: $(cat "$work/why")"
}

# A minimal Debian 12 as an image, from where this machine's apt gets its packages.
podman_base() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/skerry-docker archive mirror
  archive=$cache/debian-12-$(dpkg --print-architecture).tar
  if [ ! -s "$archive" ]; then
    step "making a Debian 12 base"
    # shellcheck disable=SC2016 # apt expands it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Origin: Debian' | head -n 1)
    # shellcheck disable=SC2086 # none: debootstrap's own default
    debootstrap --variant=minbase bookworm "$work/root" $mirror > "$work/log" 2>&1 || { tail "$work/log" >&2; fail "debootstrap"; }
    rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
    mkdir -p "$cache"
    tar -C "$work/root" -cf "$work/base.tar" .
    cp "$work/base.tar" "$archive.$$" && mv "$archive.$$" "$archive" # whole or not at all, for whoever runs beside us
    rm -rf "$work/root" "$work/base.tar"
  fi
  base=localhost/skerry-smoke-base
  podman import -q "$archive" $base >/dev/null
}

if [ $engine = podman ]; then
  for program in podman runc debootstrap podman-compose dnsmasq; do
    command -v $program >/dev/null && continue
    step "installing podman"
    apt-get update -qq -o DPkg::Lock::Timeout=300
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 podman runc debootstrap \
      podman-compose golang-github-containernetworking-plugin-dnsname > "$work/log" 2>&1 || { tail "$work/log" >&2; echo "FAILED: there is no container engine, and none could be installed" >&2; exit 1; }
    break
  done
  podman_settings
  [ -n "$base" ] || podman_base
  # An image without podman's own format has no place for a health check; a build's steps reach package sources as this machine does.
  build="podman build --format docker --layers=false --network host"
else
  build="docker build --force-rm"
fi

step "building with $engine"
$build ${base:+--build-arg BASE="$base"} -f docker/Dockerfile -t "$image" . > "$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; fail "the image does not build"; }

# ---- the image ----

$engine volume create "$name" >/dev/null
seccomp=(--security-opt "seccomp=$PWD/docker/seccomp.json")
run=(run --name "$name" -v "$name:/data")
account=(-e SKERRY_GENERATE_ACCOUNT=smoke)

refused() { # refused WHAT WORD ARGUMENTS...: `run ARGUMENTS` ends with 1 and says WORD
  local what=$1 word=$2 code=0
  shift 2
  $engine "${run[@]}" --rm "$@" "$image" > "$work/out" 2>&1 || code=$?
  if [ $code != 1 ] || ! grep -qe "$word" "$work/out"; then
    cat "$work/out" >&2
    fail "$what: exit code $code"
  fi
}

start() {
  $engine "${run[@]}" -d "${seccomp[@]}" --cap-drop=ALL --read-only "${account[@]}" -p 127.0.0.1::10000 "$image" >/dev/null
  for _ in $(seq 60); do
    healthy && break
    sleep 1
  done
  healthy || fail "not healthy within a minute"
  endpoint=$($engine port "$name" 10000/tcp | head -n 1)
}
healthy() {
  case $engine in
  docker) [ "$(docker inspect -f '{{.State.Health.Status}}' "$name")" = healthy ] ;;
  podman) podman healthcheck run "$name" >/dev/null 2>&1 ;;
  esac
}

stop() {
  $engine stop -t 60 "$name" >/dev/null # SIGTERM, and SIGKILL after a minute, which would be 137
  local code
  code=$($engine inspect -f '{{.State.ExitCode}}' "$name")
  [ "$code" = 0 ] || fail "SIGTERM ended it with $code"
}

blob() { # blob put|get: a blob inside metadata and one in a file, over the published port
  SMOKE_KEY=$key python3 -B - "$1" "$endpoint" <<'PYTHON'
import hashlib, os, sys
sys.path.insert(0, "tests/lib")
from blobclient import Client
client = Client(sys.argv[2], "smoke", os.environ["SMOKE_KEY"])
bodies = {"small": b"kept across containers", "large": hashlib.shake_256(b"skerry").digest(5 << 20)}
if sys.argv[1] == "put":
    assert client.create_container("smoke").status == 201
for name, body in bodies.items():
    if sys.argv[1] == "put":
        assert client.put_blob("smoke", name, body).status == 201, name
    answer = client.get_blob("smoke", name)
    assert (answer.status, answer.body) == (200, body), (name, answer)
PYTHON
}

step "refusing to start: without an account, without io_uring"
refused "no account" SKERRY_GENERATE_ACCOUNT "${seccomp[@]}"
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["io_uring_setup"],"action":"SCMP_ACT_ERRNO"}]}' > "$work/no-io_uring.json"
refused "no io_uring" "docker/README.md" --security-opt "seccomp=$work/no-io_uring.json" "${account[@]}"

step "starting"
start
key=$($engine exec "$name" cat /data/account-smoke.key)
[ ${#key} = 88 ] || fail "the generated key is not in the volume"
blob put

step "looking for root and for secrets"
status=$($engine exec "$name" cat /proc/1/status)
grep -q '^Name:.skerry$' <<< "$status" || fail "process 1 is not skerry"
grep -qP '^Uid:\t10000\t10000\t10000\t10000$' <<< "$status" || fail "process 1 is not of user 10000"
grep -qP '^CapEff:\t0+$' <<< "$status" || fail "process 1 has capabilities"
grep -q '^Seccomp:.2$' <<< "$status" || fail "process 1 is not under the seccomp profile"
for place in "$engine inspect $name" "$engine inspect $image" "$engine logs $name" "$engine top $name" "ps -eww -o args"; do
  $place > "$work/out" 2>&1 || fail "$place: $(cat "$work/out")"
  ! grep -qF "$key" "$work/out" || fail "the key shows in: $place"
done

step "stopping, checking the volume, starting a new container on it"
stop
$engine rm "$name" >/dev/null
account=(-e SKERRY_ACCOUNTS=smoke:@/data/account-smoke.key) # the same key, as one gives one's own
$engine "${run[@]}" --rm "${seccomp[@]}" "$image" fsck /data --verify || fail "fsck"
start
blob get
stop

step "using the compose files"
docker/compose-smoke-test.py $engine "$image" "${base:-debian:12-slim}"
step "passed: $($engine image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')"
