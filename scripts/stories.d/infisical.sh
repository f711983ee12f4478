# Infisical: an organization switches SCIM on, makes tokens, pastes URL and token into JumpCloud, tests, activates; whoever
# is provisioned still has to finish setting up. shellcheck shell=bash
fresh

tell "An organization of its own; SCIM is a connection that its administrator makes, and the URL stands beside it"
roster organization create acme --json
acme=$(json 'it["id"]')
roster connection list --organization acme --json
is 'it' '[]'
connect "JumpCloud" --organization acme --profile jumpcloud
roster connection get "$connection" --organization acme --json
is 'it["scim_base_url"]' "$base"
is 'it["enabled"]' true
[[ $base == */scim/v2/acme ]] || fail "the base URL names the organization: $base"

tell "Tokens: several at once, with a description and an end; a list never shows a secret"
roster token create --organization acme --connection "$connection" --scopes scim --days 30 --description "JumpCloud, spring" --json
second=$(json 'it["secret"]') second_id=$(json 'it["token_id"]')
roster token list --organization acme --connection "$connection" --json
is 'len(it)' 2
is 'sorted(t.get("description", "") for t in it)[-1]' "JumpCloud, spring"
lacks "$token"
lacks "$second"
lacks secret

tell "Test Connection: an empty organization answers with empty lists, and a test user comes and goes"
scim 200 GET /ServiceProviderConfig
scim 200 GET '/Users?count=1&startIndex=1'
is 'it["totalResults"]' 0
search /Users 'userName eq "test@acme.example"'
is 'it["totalResults"]' 0
scim 200 GET /Groups
is 'it["totalResults"]' 0
create /Users "$(person test@acme.example)"
scim 200 GET "/Users/$id"
search /Users 'userName eq "test@acme.example"'
is 'it["Resources"][0]["id"]' "$id"
scim 200 PUT "/Users/$id" "$(person test@acme.example ', "displayName": "Test"')"
suspend "$id"
scim 204 DELETE "/Users/$id"
scim 404 GET "/Users/$id"

tell "Activate: users and user groups are provisioned into this organization and no other"
create /Users "$(person ann@acme.example ', "externalId": "jc-1"')"
ann=$id
create /Users "$(person bob@acme.example ', "externalId": "jc-2"')"
bob=$id
create /Groups "$(team Engineers "$ann" "$bob")"
engineers=$id
roster user list --json
is 'it' '[]'

tell "The switch: off refuses every call and keeps everything, on goes on where it was"
roster connection disable "$connection" --organization acme
within 1 scim 403 GET /Users
scim 403 POST /Users "$(person eve@acme.example)"
roster connection enable "$connection" --organization acme
within 1 scim 200 GET /Users
is 'it["totalResults"]' 2

tell "A token that is revoked is refused within a second, the other goes on"
roster token revoke "$second_id" --organization acme
first=$token token=$second
within 1 scim 401 GET /Users
token=$first
scim 200 GET /Users

tell "Who is provisioned has to finish setting up: that is a service's to say, and nothing that a provider sees or writes"
roster user get "$ann" --organization acme --json
is 'it["setup_state"]' SETUP_STATE_PROVISIONED
roster user complete-setup "$ann" --organization acme
suspend "$ann"
activate "$ann"
scim 200 PUT "/Users/$ann" "$(person ann@acme.example ', "externalId": "jc-1", "setupState": "PROVISIONED"')"
scim 200 GET "/Users/$ann"
lacks etup

tell "Read over gRPC: the people, their externalIds, their group, who is set up, and nobody in another organization"
users --organization acme
same "the users" "ann@acme.example bob@acme.example" "$found"
roster user get --external-id "$connection/jc-1" --organization acme --json
is 'it["id"]' "$ann"
is 'it["setup_state"]' SETUP_STATE_COMPLETE
is 'it["organization_id"]' "$acme"
roster user get "$bob" --organization acme --json
is 'it["setup_state"]' SETUP_STATE_PROVISIONED
is 'it["active"]' true
members "$engineers" --organization acme
same "the members" "$(printf '%s\n' "$ann" "$bob" | sort | tr '\n' ' ' | sed 's/ $//')" "$found"
refuses "No such user" user get "$ann"
