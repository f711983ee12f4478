# Jumper: off unless it is switched on by environment, a deletion only where it is allowed, an existing user only where that is
# allowed, and a group whose members are administrators. shellcheck shell=bash
secret=a-token-that-nobody-guesses-0123456789

tell "A value that cannot be meant, or a token that is too short, ends the start and is named, never said"
for variable in SCIM_ENABLED=perhaps SCIM_BEARER_TOKEN=short-and-secret SCIM_ALLOW_USER_CREATION_CONFLITS=2; do
    if said=$(env "$variable" "$binary" serve --data-dir "$scratch/never" --http 127.0.0.1:0 --grpc 127.0.0.1:0 2>&1 </dev/null); then
        fail "$variable: the server started"
    fi
    [[ $said == *"${variable%%=*}"* && $said != *"${variable#*=}"* ]] || fail "$variable: expected its name and not its value, got: $said"
done

# environment VARIABLE=VALUE…: the story's server with these, on its store; sets base and token.
environment() {
    local variable
    for variable in "$@"; do export "${variable?}"; done
    if [ -n "${begun-}" ]; then again; else fresh; fi
    for variable in "$@"; do unset "${variable%%=*}"; done
    begun=yes base=$(bootstrap scim_base_url) token=$secret
    base=${base%/default}
}
begun=

tell "Off by default: the token is there, the switch is not, and no call is let in; gRPC goes on"
environment "SCIM_BEARER_TOKEN=$secret"
scim 403 GET /Users
scim 403 POST /Users "$(person eve@corp.example)"
users
same "the users" "" "$found"

tell "On: users and groups are synchronized at https://<server>/scim/v2/, and current the moment the provider is answered"
environment SCIM_ENABLED=True "SCIM_BEARER_TOKEN=$secret" ADMIN_GROUP=admins
token=${secret}x
scim 401 GET /Users
token=$secret
create /Users "$(person ann@corp.example ', "externalId": "1"')"
ann=$id
create /Users "$(person bob@corp.example ', "externalId": "2"')"
bob=$id
scim 200 GET "/Users/"
is 'it["totalResults"]' 2

tell "A deletion that is not allowed changes nothing; suspending is no deletion"
scim 403 DELETE "/Users/$bob"
suspend "$bob"
activate "$bob"
roster user get "$bob" --json
is 'it["active"]' true

tell "Who is there already stays who he is: the same address is a conflict, in any letter case"
roster user create joe --email joe@corp.example --json
joe=$(json 'it["id"]')
scim 409 POST /Users "$(person Joe@Corp.Example)"
is 'it["scimType"]' uniqueness
roster user get "$joe" --json
is 'it["user_name"]' joe

tell "The members of the admin group are administrators, as long as they are in it and it is called so; nobody else's group counts"
roster user create root@corp.example --json
chief=$(json 'it["id"]')
roster role assign admin --user "$chief"
create /Groups "$(team admins "$ann")"
admins=$id
roster role check admin --user "$ann"
refuses "No" role check admin --user "$bob"
scim 200 PATCH "/Groups/$admins" "$(operations "[{\"op\": \"add\", \"path\": \"members\", \"value\": [{\"value\": \"$bob\"}]}]")"
roster role check admin --user "$bob"
suspend "$bob"
refuses "No" role check admin --user "$bob"
activate "$bob"
roster role check admin --user "$bob"
scim 200 PATCH "/Groups/$admins" "$(operations '[{"op": "replace", "path": "displayName", "value": "guests"}]')"
refuses "No" role check admin --user "$ann"
scim 200 PATCH "/Groups/$admins" "$(operations '[{"op": "replace", "path": "displayName", "value": "admins"}]')"
roster role check admin --user "$ann"
scim 200 PATCH "/Groups/$admins" "$(operations "[{\"op\": \"remove\", \"path\": \"members[value eq \\\"$bob\\\"]\"}]")"
refuses "No" role check admin --user "$bob"
own_base=$base
connect "Another provider"
create /Groups "$(team admins "$bob")"
refuses "No" role check admin --user "$bob"
base=$own_base token=$secret

tell "An administrator that was made otherwise is out of the provider's reach"
scim 403 PATCH "/Users/$chief" "$(operations '[{"op": "replace", "path": "active", "value": false}]')"
roster role check admin --user "$chief"

tell "Allowed: a conflict links the existing user, who keeps the id; a deletion deletes"
environment SCIM_ENABLED=1 "SCIM_BEARER_TOKEN=$secret" ADMIN_GROUP=admins SCIM_ALLOW_USER_DELETION=yes SCIM_ALLOW_USER_CREATION_CONFLITS=True
create /Users "$(person JOE@corp.example ', "externalId": "3", "title": "Baker"')"
same "the id" "$joe" "$id"
search /Users 'externalId eq "3"'
is 'it["Resources"][0]["id"]' "$joe"
scim 204 DELETE "/Users/$bob"
scim 404 GET "/Users/$bob"

tell "Without a variable the connection is off, and everything is kept"
environment
scim 401 GET /Users
roster connection get environment --json
is 'it.get("enabled", False)' false

tell "Read over gRPC: who is there, who was linked, who is gone, and who is an administrator"
users
same "the users" "JOE@corp.example ann@corp.example root@corp.example" "$found"
roster user get --external-id environment/3 --json
is 'it["id"]' "$joe"
is 'it["title"]' Baker
is 'it["links"][0]["reason"]' REASON_TAKEOVER
refuses "No such user" user get "$bob"
roster role holders admin --json
has "$chief"
lacks "$bob"
lacks "$joe"
