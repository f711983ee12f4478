# JupiterOne: SCIM 2.0 and nothing older, an API token of at most 365 days in the Authorization header and nothing else, Okta
# pushes users, profiles and groups, and whoever leaves is out at once. shellcheck shell=bash
server_http=127.0.0.1:$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
fresh --public-url https://api.us.example.com/iam
here=http://$server_http/scim/v2/default
server_http=

tell "The base URL is the region's, behind whatever stands before the server"
roster role create finance.reader --permissions invoices.read --json
reader=$(json 'it["id"]')
connect "Okta" --profile okta --map "group:Security=$reader" --own title
same "the base URL" https://api.us.example.com/iam/scim/v2/default "$base"
base=$here
create /Users "$(person ann@corp.example ', "name": {"givenName": "Ann", "familyName": "Lee"}')"
ann=$id
is 'it["meta"]["location"]' "https://api.us.example.com/iam/scim/v2/default/Users/$ann"
same "Location" "https://api.us.example.com/iam/scim/v2/default/Users/$ann" "$(header location)"

tell "SCIM 2.0, not 1.x"
base=${here/v2/v1}
scim 400 GET /Users
is 'it["scimType"]' invalidVers
base=$here
scim 400 POST /Users '{"schemas": ["urn:scim:schemas:core:1.0"], "userName": "old@corp.example"}'
search /Users 'userName eq "old@corp.example"'
is 'it["totalResults"]' 0

tell "A bearer token: at most 365 days, with the scope for it; no Basic, no token in the address"
refuses 365 token create --connection "$connection" --scopes scim --days 366
scim 200 GET /ServiceProviderConfig
is '[s["type"] for s in it["authenticationSchemes"]]' '["oauthbearertoken"]'
good=$token token=
scim 401 GET /Users
[[ $(header www-authenticate) == Bearer* ]] || fail "WWW-Authenticate: expected Bearer, got $(header www-authenticate)"
scim 401 GET "/Users?access_token=$good"
agent=(--user "okta:$good")
scim 401 GET /Users
agent=()
roster token create --connection "$connection" --scopes users.read --json
token=$(json 'it["secret"]')
scim 200 GET "/Users/$ann"
scim 403 POST /Users "$(person eve@corp.example)"
token=$good

tell "Push New Users: the identifier is the e-mail address, in any letter case"
search /Users 'userName eq "ANN@corp.example"'
is 'it["Resources"][0]["id"]' "$ann"
search /Users 'emails[primary eq true].value eq "Ann@Corp.Example"'
is 'it["totalResults"]' 1
scim 409 POST /Users "$(person Ann@Corp.Example)"
is 'it["scimType"]' uniqueness
create /Users "$(person bob@corp.example)"
bob=$id

tell "Push Profile Updates, by PUT and by PATCH, are there at once"
scim 200 PUT "/Users/$ann" "$(person ann@corp.example ', "name": {"givenName": "Ann", "familyName": "Smith"}, "title": "Lead"')"
roster user get "$ann" --json
is 'it["name"]["family_name"]' Smith
scim 200 PATCH "/Users/$ann" "$(operations '[{"op": "replace", "value": {"title": "Head"}}]')"
roster user get "$ann" --json
is 'it["title"]' Head

tell "Push Groups, by PATCH and by PUT, are there at once"
create /Groups "$(team Security)"
security=$id
scim 200 PATCH "/Groups/$security?attributes=id" "$(operations "[{\"op\": \"add\", \"path\": \"members\", \"value\": [{\"value\": \"$ann\"}, {\"value\": \"$bob\"}]}]")"
roster role check finance.reader --user "$bob"
members "$security"
same "the members" "$(printf '%s\n' "$ann" "$bob" | sort | tr '\n' ' ' | sed 's/ $//')" "$found"
scim 200 PUT "/Groups/$security" "$(team Security "$bob")"
members "$security"
same "the members" "$bob" "$found"

tell "Who leaves is out at once: suspended, then gone"
suspend "$bob"
roster user get "$bob" --json
is 'it["active"]' false
refuses "No" role check finance.reader --user "$bob"
activate "$bob"
roster role check finance.reader --user "$bob"
scim 204 DELETE "/Users/$bob"
members "$security"
same "the members" "" "$found"
roster role holders finance.reader --json
is 'it' '[]'
refuses "No such user" user get "$bob"

tell "One way only: what the provider owns is nobody else's to write"
connect "Another provider"
base=$here
scim 200 PATCH "/Users/$ann" "$(operations '[{"op": "replace", "path": "title", "value": "Nobody"}]')"
is 'it["title"]' Head

tell "Read over gRPC: what the provider has, and nothing of what was refused"
users
same "the users" ann@corp.example "$found"
roster user get --email ANN@corp.example --json
is 'it["title"]' Head
is 'it["active"]' true
