"""Makes users and groups, many at a time (RFC 7644 section 3.7), so that everything else has a crowd to work among.

    ROSTER_SCIM_TOKEN=… python crowd.py http://127.0.0.1:8080/scim/v2/default --users 5000 --groups 200 [--ids FILE]

Every group has 25 of the users. --ids writes the users' ids, one a line.
"""

import argparse
import json
import os
import sys
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

IN_FLIGHT = 4
MEMBERS = 25
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def ask(url, document=None):
    headers = {"Authorization": f"Bearer {os.environ['ROSTER_SCIM_TOKEN']}", "Content-Type": "application/scim+json"}
    body = None if document is None else json.dumps(document).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.load(answer)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("base")
    arguments.add_argument("--users", type=int, required=True)
    arguments.add_argument("--groups", type=int, default=0)
    arguments.add_argument("--ids")
    arguments = arguments.parse_args()
    run = uuid.uuid4().hex[:8]
    most = ask(f"{arguments.base}/ServiceProviderConfig")["bulk"]["maxOperations"]

    def create(endpoint, documents):
        """Creates what one request may hold; returns the ids."""
        operations = [
            {"method": "POST", "path": endpoint, "bulkId": str(n), "data": data} for n, data in enumerate(documents)
        ]
        answer = ask(f"{arguments.base}/Bulk", {"schemas": [BULK], "Operations": operations})
        ids = {}
        for result in answer["Operations"]:
            if result["status"] != "201":
                sys.exit(f"POST {endpoint} in a bulk answered {json.dumps(result)}")
            ids[int(result["bulkId"])] = result["location"].rsplit("/", 1)[1]
        return [ids[n] for n in range(len(documents))]

    def user(n):
        name = f"crowd.{n}.{run}@example.com"
        return {
            "schemas": [USER],
            "userName": name,
            "externalId": f"crowd-{run}-{n}",
            "name": {"givenName": f"Given {n % 97}", "familyName": f"Family {n % 89}"},
            "emails": [{"value": name, "type": "work", "primary": True}],
            "active": n % 7 != 0,
        }

    def group(n):
        members = [{"value": users[(n * 31 + k) % len(users)]} for k in range(min(MEMBERS, len(users)))]
        return {"schemas": [GROUP], "displayName": f"Crowd {n} {run}", "members": members}

    def chunks(count):
        return [range(at, min(at + most, count)) for at in range(0, count, most)]

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        made = pool.map(lambda chunk: create("/Users", [user(n) for n in chunk]), chunks(arguments.users))
        users = [id for ids in made for id in ids]
        made = pool.map(lambda chunk: create("/Groups", [group(n) for n in chunk]), chunks(arguments.groups))
        groups = [id for ids in made for id in ids]
    if arguments.ids:
        with open(arguments.ids, "w") as file:
            file.writelines(f"{id}\n" for id in users)
    print(f"{len(users)} users and {len(groups)} groups more")


if __name__ == "__main__":
    main()
