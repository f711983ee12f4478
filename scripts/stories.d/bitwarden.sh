# Bitwarden: SCIM is a process of its own, each organization has its URL and its key, suspending and activating in the provider
# revoke and restore, and what the provider changes is there almost at once. shellcheck shell=bash
fresh
roster organization create acme --json
acme=$(json 'it["id"]')
roster organization create rival --json
rival=$(json 'it["id"]')

tell "SCIM is a process of its own, on a port of its own, that says without a token that it is alive"
start_facade "$binary"
running+=("$facade_pid")
origin=$facade_url
alive=$(curl --silent --fail "$origin/alive") || fail "$origin/alive does not answer"
[[ $alive == *20[0-9][0-9]-* ]] || fail "/alive: expected the time, got $alive"

tell "Enable SCIM for the organization: its URL and its key appear"
connect "JumpCloud" --organization acme --profile jumpcloud
base=$origin/scim/v2/$acme
scim 200 GET /Users
is 'it["totalResults"]' 0
scim 200 GET /users
base=$origin/scim/v2/$rival
scim 404 GET /Users
refused=$answer
base=$origin/scim/v2/00000000-0000-0000-0000-000000000000
scim 404 GET /Users
same "an organization that is there and one that is not" "$refused" "$answer"
base=$origin/scim/v2/$acme

tell "All Users is linked: members come, and are seen almost at once"
for name in ann bob cat; do
    create /Users "$(person "$name@acme.example" ", \"externalId\": \"jc-$name\"")"
    declare "$name=$id"
done
create /Groups "$(team "All Users" "$ann" "$bob" "$cat")"
everybody=$id
members "$everybody" --organization acme
same "the members" "$(printf '%s\n' "$ann" "$bob" "$cat" | sort | tr '\n' ' ' | sed 's/ $//')" "$found"

tell "A role is held through the group"
roster role create vault.user --organization acme --permissions vault.read --json
roster role assign vault.user --group "$everybody" --organization acme
roster role check vault.user --user "$ann" --organization acme

tell "Suspended is revoked, activated is restored, to what it was before; by PATCH and by PUT, text or boolean"
suspend "$ann"
roster user get "$ann" --organization acme --json
is 'it["active"]' false
refuses "No" role check vault.user --user "$ann" --organization acme
members "$everybody" --organization acme
has "$ann"
scim 200 PATCH "/Users/$ann" "$(operations '[{"op": "replace", "value": {"active": true}}]')"
roster user get "$ann" --organization acme --json
is 'it["active"]' true
roster role check vault.user --user "$ann" --organization acme
scim 200 PUT "/Users/$ann" "$(person ann@acme.example ', "externalId": "jc-ann", "active": false')"
roster user get "$ann" --organization acme --json
is 'it["active"]' false
activate "$ann"

tell "Who is taken out of All Users, or deleted, is out"
scim 200 PATCH "/Groups/$everybody" "$(operations "[{\"op\": \"remove\", \"path\": \"members[value eq \\\"$bob\\\"]\"}]")"
scim 204 DELETE "/Users/$cat"
members "$everybody" --organization acme
same "the members" "$ann" "$found"

tell "The key is rotated: the new one works, the old one ends after its overlap, here at once"
roster token list --organization acme --connection "$connection" --json
key=$(json 'it[0]["id"]')
roster token rotate "$key" --organization acme --json
new=$(json 'it["secret"]')
[ "$new" != "$token" ] || fail "the key is the old one"
old=$token token=$new
scim 200 GET /Users
roster token revoke "$key" --organization acme
token=$old
within 1 scim 401 GET /Users
token=$new

tell "The provider is recognized, to suggest a profile"
agent=(--user-agent "Okta SCIM Client 1.0.0")
scim 200 GET /Users
agent=()
okta_is_seen() {
    roster connection get "$connection" --organization acme --json
    is 'it["status"]["provider"]' okta
}
within 10 okta_is_seen

tell "Read over gRPC: who has access, and the other organization has nobody"
users --organization acme
same "the users" "ann@acme.example bob@acme.example" "$found"
roster user get --external-id "$connection/jc-ann" --organization acme --json
is 'it["active"]' true
roster role holders vault.user --organization acme --json
has "$ann"
lacks "$bob"
users --organization rival
same "the users" "" "$found"
