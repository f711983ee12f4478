# JumpCloud's connectors: an account is made with every attribute, updated, and deactivated when its user is disconnected; who
# was there before can be imported. shellcheck shell=bash
fresh
connect "JumpCloud" --profile jumpcloud --on-delete deactivate --takeover unmanaged --match userName+emails

tell "Import: who is in the service and not in JumpCloud is listed, page by page, without an externalId"
for name in uma vic wes; do roster user create "$name@corp.example" --email "$name@corp.example" --json; done
seen=
for start in 1 3; do
    scim 200 GET "/Users?startIndex=$start&count=2&sortBy=userName&excludedAttributes=groups"
    seen+=$(json '"".join(u["userName"] + ("!" if "externalId" in u else " ") for u in it["Resources"])')
done
is 'it["totalResults"]' 3
same "the pages" "uma@corp.example vic@corp.example wes@corp.example " "$seen"

tell "Takeover: userName and e-mail address together make an account the connector's; one of the two alone does not"
search /Users 'userName eq "uma@corp.example"'
uma=$(json 'it["Resources"][0]["id"]')
create /Users "$(person uma@corp.example ', "externalId": "5f1c0uma", "title": "Purser"')"
same "the id" "$uma" "$id"
scim 409 POST /Users "{\"schemas\": [\"$user\"], \"userName\": \"vic@corp.example\", \"emails\": [{\"value\": \"other@corp.example\"}]}"
is 'it["scimType"]' uniqueness
create /Users "{\"schemas\": [\"$user\"], \"userName\": \"zed@corp.example\", \"emails\": [{\"value\": \"wes@corp.example\"}]}"
zed=$id
roster user get --user-name wes@corp.example --json
[ "$zed" != "$(json 'it["id"]')" ] || fail "an e-mail address alone took somebody over"
roster user get "$uma" --json
is 'it["title"]' Purser
is 'it["links"][0]["reason"]' REASON_TAKEOVER

tell "Provisioning: an account with all the attributes that the connector maps"
password=Temporary-1-$RANDOM
ann_document() {
    person ann@corp.example ", \"externalId\": \"5f1c0ffee\", \"displayName\": \"Ann Lee\", \"active\": ${1-true}, \"title\": \"${2-Pilot}\",
        \"name\": {\"givenName\": \"Ann\", \"familyName\": \"Lee\", \"middleName\": \"B\"},
        \"addresses\": [{\"type\": \"work\", \"streetAddress\": \"1 Quay\", \"locality\": \"Bern\", \"region\": \"BE\", \"postalCode\": \"3000\", \"country\": \"CH\"}],
        \"phoneNumbers\": [{\"type\": \"mobile\", \"value\": \"+41 1\"}], \"password\": \"$password\",
        \"$enterprise\": {\"employeeNumber\": \"7\", \"department\": \"Flight\", \"organization\": \"Corp\"}"
}
create /Users "$(ann_document)"
ann=$id
lacks "$password"
scim 200 GET "/Users/$ann?attributes=password,userName"
lacks "$password"
roster user get "$ann" --json
is 'it["external_ids"][0]["value"]' 5f1c0ffee
is 'it["name"]["middle_name"]' B
is 'it["addresses"][0]["postal_code"]' 3000
is 'it["enterprise"]["department"]' Flight
is 'it["phone_numbers"][0]["value"]' "+41 1"
lacks "$password"
search /Users 'externalId eq "5f1c0ffee"'
is 'it["Resources"][0]["id"]' "$ann"
search /Users 'externalId eq "5F1C0FFEE"'
is 'it["totalResults"]' 0

tell "Updating: whatever changes there changes here"
scim 200 PUT "/Users/$ann" "$(ann_document true Captain)"
roster user get "$ann" --json
is 'it["title"]' Captain

tell "A group of users"
create /Groups "$(team Pilots "$ann")"
pilots=$id

tell "Suspended, or its password expired: inactive, with everything kept; back again as if nothing had been"
scim 200 PUT "/Users/$ann" "$(ann_document false Captain)"
roster user get "$ann" --json
is 'it["active"]' false
members "$pilots"
same "the members" "$ann" "$found"
scim 200 PUT "/Users/$ann" "$(ann_document true Captain)"
roster user get "$ann" --json
is 'it["active"]' true

tell "Deprovisioning: the account still exists, in an inactive state"
scim 204 DELETE "/Users/$ann"
roster user get "$ann" --json
is 'it["active"]' false
is 'it["title"]' Captain
members "$pilots"
same "the members" "$ann" "$found"
scim 404 GET "/Users/$ann"

tell "Connected again, the same account comes back: its id, its groups, what the connector says of it now"
create /Users "$(ann_document true Commander)"
same "the id" "$ann" "$id"
roster user get "$ann" --json
is 'it["active"]' true
is 'it["title"]' Commander
members "$pilots"
same "the members" "$ann" "$found"

tell "Not every action is every connector's: one that may create and update alone neither suspends, deletes nor writes groups"
connector=$connection
connect "Reader" --allow create --allow update
create /Users "$(person yan@corp.example)"
yan=$id
scim 403 PATCH "/Users/$yan" "$(operations '[{"op": "replace", "path": "active", "value": false}]')"
scim 403 DELETE "/Users/$yan"
scim 403 POST /Groups "$(team Nobody)"
scim 200 GET /ResourceTypes
lacks '"/Groups"'
scim 200 PATCH "/Users/$yan" "$(operations '[{"op": "replace", "path": "title", "value": "Cook"}]')"

tell "Read over gRPC: nobody was lost, and who was taken over says by what"
users
same "the users" "ann@corp.example uma@corp.example vic@corp.example wes@corp.example yan@corp.example zed@corp.example" "$found"
roster user get --external-id "$connector/5f1c0uma" --json
is 'it["links"][0]["matched_attribute"]' userName+emails
roster user get "$yan" --json
is 'it["active"]' true
is 'it["title"]' Cook
