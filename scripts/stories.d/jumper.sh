# Jumper: off unless it is switched on, a deletion only where it is allowed, an existing user only where that is allowed, an
# admin group. shellcheck shell=bash
fresh
connect "Keycloak" --on-delete refuse

tell "Users and groups are synchronized, and current the moment the provider is answered"
create /Users "$(person ann@corp.example)"
ann=$id
create /Groups "$(team admins "$ann")"
admins=$id
members "$admins"
same "the members" "$ann" "$found"

tell "A deletion that is not allowed changes nothing"
scim 403 DELETE "/Users/$ann"
scim 200 GET "/Users/$ann"
