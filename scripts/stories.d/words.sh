# The words that stories are told in. Sourced by scripts/stories, after scripts/lib.sh.
# shellcheck shell=bash
#
# A word that expects something ends the run when something else came, and says what, and on which line of the story.
# Every word that asks leaves what it was answered in `answer`.

binary=$root/target/debug/roster
python=$(python3 -c 'import sys; print(sys.executable)')
make_folder scratch
running=()

# fail WORDS: the end of the run.
fail() {
    local level
    for ((level = 0; level < ${#BASH_SOURCE[@]}; level++)); do
        if [[ ${BASH_SOURCE[level]} == */"$story".sh ]]; then
            printf '\nFAILED: %s on %s, line %s: %s\n' "$story" "$engine" "${BASH_LINENO[level - 1]}" "$*" >&2
            printf '  %s\n' "$(sed -n "${BASH_LINENO[level - 1]}p" "scripts/stories.d/$story.sh")" >&2
        fi
    done
    # What the server had to say, if it was a fault of its own.
    grep -h 'ERROR\|panicked' "$server_folder/out.log" >&2 || true
    exit 1
}

# tell WORDS: what is told next.
tell() { printf '   %s\n' "$*"; }

# fresh [ARGUMENTS]: a server on an empty store of the engine. SCIM_… and others by environment, before the word.
fresh() {
    local store=()
    if [ "$engine" = postgres ]; then
        local name="story_${#running[@]}_$RANDOM"
        "$(postgres_folder)/psql" -q "$postgres_url" -c "CREATE DATABASE $name" </dev/null || die "no database for the story"
        store=(--database "${postgres_url%/*}/$name")
    fi
    server_arguments=("${store[@]}")
    start_server "$binary" "${store[@]}" "$@"
    running+=("$server_pid")
}

# again [ARGUMENTS]: the same store under a new server, with other settings.
again() {
    stop "$server_pid"
    restart_server "$binary" "${server_arguments[@]}" "$@"
    running+=("$server_pid")
}

stop() { kill "$1" 2>/dev/null && wait "$1" 2>/dev/null || true; }

# the_end: nothing of the story goes on.
the_end() {
    local pid
    for pid in "${running[@]}"; do stop "$pid"; done
    running=() base='' token=''
}

# scim STATUS METHOD PATH [BODY]: a request to the base URL with the token, if there is one.
scim() {
    local expected=$1 method=$2 path=$3 status
    local with=(--silent --show-error --max-time 30 --request "$method" --output "$scratch/body" --dump-header "$scratch/head"
        --write-out '%{http_code}')
    [ -z "$token" ] || with+=(--header "authorization: Bearer $token")
    [ $# -lt 4 ] || with+=(--header 'content-type: application/scim+json' --data-binary "$4")
    : >"$scratch/body"
    status=$(curl "${with[@]}" "${agent[@]}" "$base$path" 2>"$scratch/error") || fail "$method $path: $(cat "$scratch/error")"
    answer=$(cat "$scratch/body")
    [ "$status" = "$expected" ] || fail "$method $path: expected $expected, got $status $answer"
    [ "$status" -lt 400 ] || [ "$(json 'it["status"]')" = "$status" ] || fail "$method $path: not a SCIM error: $answer"
}
# What the provider calls itself, as arguments of curl.
agent=()

# search PATH FILTER: a list by filter.
search() { scim 200 GET "$1?filter=$("$python" -S -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$2")"; }

# header NAME: of the last answer.
header() { sed -nE "s/^$1: *(.*)\r$/\1/Ip" "$scratch/head" | head -n 1; }

# roster ARGUMENTS: a command; its tables and its JSON are gRPC reads.
roster() {
    answer=$("$binary" "$@" --data-dir "$server_folder" 2>"$scratch/error" </dev/null) || fail "roster $*: $(cat "$scratch/error")"
}

# refuses WORDS ARGUMENTS: a command that must be refused with these words.
refuses() {
    local words=$1
    shift
    if answer=$("$binary" "$@" --data-dir "$server_folder" 2>&1 </dev/null); then fail "roster $*: expected a refusal, got: $answer"; fi
    [[ $answer == *"$words"* ]] || fail "roster $*: expected a refusal with \"$words\", got: $answer"
}

# json EXPRESSION: of the last answer, which is `it`, in Python; text as it is, everything else as JSON.
json() {
    "$python" -S -c 'import json, sys
it = json.loads(sys.argv[1] or "null")
value = eval(sys.argv[2])
print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))' "$answer" "$1" 2>"$scratch/error" ||
        fail "$1: $(tail -n 1 "$scratch/error") in $answer"
}

# is EXPRESSION VALUE: what the last answer must say.
is() {
    local found
    found=$(json "$1") || exit 1
    [ "$found" = "$2" ] || fail "$1: expected $2, got $found in $answer"
}

# same WHAT VALUE OTHER
same() { [ "$2" = "$3" ] || fail "$1: expected $2, got $3"; }

# lacks WORDS: what the last answer must not say.
lacks() { [[ $answer != *"$1"* ]] || fail "\"$1\" must not stand in: $answer"; }

# has WORDS: what the last answer must say somewhere.
has() { [[ $answer == *"$1"* ]] || fail "\"$1\" must stand in: $answer"; }

# within SECONDS WORDS…: the words come true in time. They are tried again and again; what they say until then is not shown.
within() {
    local until=$((SECONDS + $1 + 1))
    shift
    while ! ("$@") >/dev/null 2>&1; do
        if [ "$SECONDS" -gt "$until" ]; then "$@"; return; fi
        sleep 0.1
    done
    "$@"
}

# connect NAME [ARGUMENTS]: a connection with a token; sets connection, base and token.
connect() {
    local name=$1 of=() argument previous=
    shift
    for argument in "$@"; do
        [ "$previous" != --organization ] || of=(--organization "$argument")
        previous=$argument
    done
    roster connection create "$name" "$@" --json
    connection=$(json 'it["id"]') base=$(json 'it["scim_base_url"]')
    roster token create --connection "$connection" --scopes scim "${of[@]}" --json
    token=$(json 'it["secret"]')
}

user=urn:ietf:params:scim:schemas:core:2.0:User
group=urn:ietf:params:scim:schemas:core:2.0:Group
enterprise=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User

# person NAME [MORE]: a user's document; MORE begins with a comma.
person() { printf '{"schemas": ["%s"], "userName": "%s", "emails": [{"value": "%s", "type": "work", "primary": true}]%s}' "$user" "$1" "$1" "${2-}"; }

# team NAME [ID]…: a group's document.
team() {
    local name=$1 members= id
    shift
    for id in "$@"; do members+="${members:+, }{\"value\": \"$id\"}"; done
    printf '{"schemas": ["%s"], "displayName": "%s", "members": [%s]}' "$group" "$name" "$members"
}

# operations JSON: the document of a PATCH.
operations() { printf '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": %s}' "$1"; }

# create PATH DOCUMENT: POST; sets id.
create() {
    scim 201 POST "$1" "$2"
    id=$(json 'it["id"]')
}

# suspend ID, activate ID: as providers say it.
suspend() { scim 200 PATCH "/Users/$1" "$(operations '[{"op": "replace", "path": "active", "value": false}]')"; }
activate() { scim 200 PATCH "/Users/$1" "$(operations '[{"op": "replace", "path": "active", "value": true}]')"; }

# members GROUP [ARGUMENTS]: the ids of its members, in order, as gRPC reads them, in `found`.
members() {
    local of=$1
    shift
    roster group members "$of" "$@" --json
    found=$(json '" ".join(sorted(next(iter(m["member"].values())) for m in it))')
}

# users [ARGUMENTS]: all userNames of an organization, in order, as gRPC reads them, in `found`.
users() {
    roster user list "$@" --json
    found=$(json '" ".join(sorted(u["user_name"] for u in it))')
}
