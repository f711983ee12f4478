# JumpCloud's connectors: an account is made with every attribute, updated, and deactivated when its user is disconnected; who
# was there before can be imported. shellcheck shell=bash
fresh
connect "JumpCloud" --profile jumpcloud --on-delete deactivate

tell "Import: who is in the service and not in JumpCloud is listed, page by page, without an externalId"
for name in uma vic wes; do roster user create "$name@corp.example" --email "$name@corp.example" --json; done
seen=
for start in 1 3; do
    scim 200 GET "/Users?startIndex=$start&count=2&sortBy=userName&excludedAttributes=groups"
    seen+=$(json '"".join(u["userName"] + ("!" if "externalId" in u else " ") for u in it["Resources"])')
done
is 'it["totalResults"]' 3
same "the pages" "uma@corp.example vic@corp.example wes@corp.example " "$seen"

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

tell "Read over gRPC: nobody was lost"
users
same "the users" "ann@corp.example uma@corp.example vic@corp.example wes@corp.example" "$found"
