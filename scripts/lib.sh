# What the scripts beside it share. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What the scripts install for themselves; ignored by git, safe to delete.
tools=$root/.tools
cd "$root"

# When it was said, in minutes and seconds since the script began, tells where the time goes.
say() { printf '\n== %02d:%02d %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
command -v cargo >/dev/null || die "cargo is not on the PATH: install Rust with rustup (https://rustup.rs)"

# build_server [ARGUMENTS]: target/debug/roster. After `cargo test` (ROSTER_TESTED is set) it is the one that the tests ran: they
# bring features of what it depends on along, without which all of that would be compiled once more.
build_server() {
    say "Building the server"
    cargo build --locked --bins ${ROSTER_TESTED:+--tests} "$@"
}

# What a script starts or makes ends with it, last things first.
endings=()
at_exit() { endings+=("$1"); }
end_all() {
    local status=$? ending
    while [ ${#endings[@]} != 0 ]; do
        # Off the list first: what is ended is not ended again, whatever interrupts this.
        ending=${endings[-1]}
        unset 'endings[-1]'
        eval "$ending" || true
    done
    return "$status"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# beside COMMAND…: starts a script that runs while others do. What it says is kept until `join`.
beside() {
    [ -n "${beside_folder-}" ] || make_folder beside_folder
    "$@" >"$beside_folder/${#beside_pids[@]}.log" 2>&1 </dev/null &
    # Asked to end, a script ends what it started.
    at_exit "kill $! 2>/dev/null && wait $! 2>/dev/null"
    beside_pids+=($!) beside_names+=("$*")
}
beside_pids=() beside_names=()

# join: waits for all that run beside this one, shows what each had to say, and ends with the first that failed.
join() {
    local each status failed=
    for each in "${!beside_pids[@]}"; do
        status=0
        wait "${beside_pids[each]}" || status=$?
        say "${beside_names[each]} (while others ran)"
        cat "$beside_folder/$each.log"
        [ "$status" = 0 ] || failed="${failed:-${beside_names[each]} failed}"
    done
    beside_pids=() beside_names=()
    [ -z "$failed" ] || die "$failed"
}

# make_folder NAME: sets NAME to a new folder that is removed at the end.
make_folder() {
    local made
    made=$(mktemp -d "${TMPDIR:-/tmp}/roster.XXXXXX")
    at_exit "rm -rf '$made'"
    printf -v "$1" %s "$made"
}

apt_install() {
    command -v apt-get >/dev/null || die "missing: $*. Install it with your package manager and run this again"
    local become=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing: $*. Become root, or install sudo, and run this again"
        become=(sudo)
    fi
    say "Installing $* (apt-get)"
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
}

need_python() {
    python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    apt_install python3 python3-venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed; this is $(python3 --version)"
}

# need_venv NAME REQUIREMENTS: a virtual environment in .tools/NAME with exactly what REQUIREMENTS pins.
need_venv() {
    local folder=$tools/$1 requirements=$2
    need_python
    cmp -s "$requirements" "$folder/requirements.txt" && return
    say "Installing $requirements into .tools/$1"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$folder/requirements.txt"
}

# need_npm NAME FOLDER: the packages in .tools/NAME/node_modules that FOLDER/package-lock.json pins. Nothing of theirs is run.
need_npm() {
    local folder=$tools/$1 lock=$2/package-lock.json
    command -v npm >/dev/null || apt_install npm
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || die "Node.js 18 or newer is needed; this is $(node --version)"
    cmp -s "$lock" "$folder/installed.json" && return
    say "Installing $lock into .tools/$1"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$2/package.json" "$lock" "$folder/"
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent </dev/null
    cp "$lock" "$folder/installed.json"
}

# need_buf: puts buf on the PATH. The binary is in a package of its own; nothing has to run at installation.
need_buf() {
    local version=1.75.0 folder=$tools/buf
    if [ "$("$folder/node_modules/.bin/buf" --version 2>/dev/null || true)" != "$version" ]; then
        command -v npm >/dev/null || apt_install npm
        npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-save --silent "@bufbuild/buf@$version" </dev/null
    fi
    PATH=$folder/node_modules/.bin:$PATH
}

# need_go: the version that clients/go/go.mod asks for, or a newer one.
need_go() {
    local wanted have
    command -v go >/dev/null || PATH=/usr/local/go/bin:$PATH
    command -v go >/dev/null || apt_install golang-go
    wanted=$(sed -n 's/^go //p' clients/go/go.mod)
    have=$(go env GOVERSION | sed 's/^go//; s/ .*//')
    [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] || die "Go $wanted or newer is needed (https://go.dev/dl); this is $have"
}

# need_java: a JDK, 17 or newer, and Maven.
need_java() {
    command -v javac >/dev/null || apt_install openjdk-17-jdk-headless
    command -v mvn >/dev/null || apt_install maven
    [ "$(javac -version 2>&1 | sed -E 's/^javac ([0-9]+).*/\1/')" -ge 17 ] || die "a JDK, 17 or newer, is needed; this is $(javac -version 2>&1)"
}

# The folder of the newest PostgreSQL server binaries, 15 or later; fails if there are none.
postgres_folder() {
    local folder major newest=14 found=
    for folder in /usr/lib/postgresql/*/bin "$(dirname "$(command -v postgres || echo /nowhere/postgres)")"; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] || continue
        major=$("$folder/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        if [ "$major" -gt "$newest" ]; then newest=$major found=$folder; fi
    done
    [ -n "$found" ] && echo "$found"
}

need_postgres() {
    postgres_folder >/dev/null && return
    apt_install postgresql
    postgres_folder >/dev/null || die "PostgreSQL 15 or newer is needed, and this system offers an older one"
}

# start_postgres: a throw-away cluster on loopback; sets postgres_url to an empty database of it.
start_postgres() {
    local folder bin port as=()
    need_postgres
    bin=$(postgres_folder)
    make_folder folder
    if [ "$(id -u)" = 0 ]; then
        # PostgreSQL refuses to run as root.
        local user=postgres
        id -u postgres >/dev/null 2>&1 || user=nobody
        chown "$user" "$folder"
        as=(runuser -u "$user" --)
    fi
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (
        cd "$folder"
        "${as[@]}" "$bin/initdb" -D "$folder/data" -U roster --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
        "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -s -o "-h 127.0.0.1 -p $port -k $folder" start </dev/null
    ) || die "PostgreSQL did not start: $(cat "$folder/log" 2>/dev/null)"
    # A signal from the terminal has reached the cluster too: it may be gone by then.
    at_exit "[ ! -e $folder/data/postmaster.pid ] || (cd / && ${as[*]} $bin/pg_ctl -D $folder/data -s -m immediate stop 2>/dev/null)"
    postgres_url="postgres://roster@127.0.0.1:$port/postgres"
}

# start_server BINARY [ARGUMENTS]: a server on an empty store and free ports; sets server_folder and server_pid.
start_server() {
    make_folder server_folder
    restart_server "$@"
}

# restart_server BINARY [ARGUMENTS]: a server on the store that server_folder has, and free ports (SCIM at server_http, if that is set);
# sets server_pid.
restart_server() {
    local binary=$1 known=
    shift
    [ ! -e "$server_folder/bootstrap.json" ] || known=$(bootstrap grpc_endpoint)
    "$binary" serve --data-dir "$server_folder" --http "${server_http:-127.0.0.1:0}" --grpc 127.0.0.1:0 "$@" \
        >>"$server_folder/out.log" 2>&1 </dev/null &
    server_pid=$!
    at_exit "kill $server_pid 2>/dev/null && wait $server_pid 2>/dev/null"
    local waited
    for ((waited = 0; waited < 600; waited++)); do
        # Each start puts its own addresses there.
        if [ -s "$server_folder/bootstrap.json" ] && [ "$(bootstrap grpc_endpoint)" != "$known" ]; then return; fi
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$server_folder/out.log" >&2
    die "the server did not come up"
}

# start_facade BINARY: `roster scim` in front of the running server's gRPC address; sets facade_log, facade_pid and facade_url.
start_facade() {
    local binary=$1 folder waited directory
    make_folder folder
    facade_log=$folder/out.log
    # Both before the façade starts: the loop below must find a log, however soon it looks.
    directory=$(bootstrap grpc_endpoint)
    : >"$facade_log"
    "$binary" scim --directory "$directory" --http 127.0.0.1:0 >>"$facade_log" 2>&1 </dev/null &
    facade_pid=$!
    at_exit "kill $facade_pid 2>/dev/null && wait $facade_pid 2>/dev/null"
    for ((waited = 0; waited < 600; waited++)); do
        facade_url=$(sed -nE 's,.*(http://[^ ]+)/scim/v2 .*,\1,p' "$facade_log")
        [ -n "$facade_url" ] && return
        kill -0 "$facade_pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$facade_log" >&2
    die "the façade did not come up"
}

# bootstrap KEY: a value of the running server's bootstrap.json.
bootstrap() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$server_folder/bootstrap.json" "$1"
}
