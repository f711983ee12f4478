"""What both programs here share: a channel, a token on every call, and what to do when a call fails."""

import argparse
import os
import pathlib
import random
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "generated"))

# Published with the contract (GET /proto/service_config.json): the channel repeats reads by itself, and reads alone.
SERVICE_CONFIG = (HERE / "generated" / "service_config.json").read_text()

ATTEMPTS = 5


class Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds the token to every call."""

    def __init__(self, token):
        self.entry = ("authorization", f"Bearer {token}")

    def _with_token(self, details):
        metadata = [*(details.metadata or []), self.entry]
        return details._replace(metadata=metadata)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._with_token(details), request)

    def intercept_unary_stream(self, continuation, details, request):
        return continuation(self._with_token(details), request)


def connect(endpoint, token):
    """A channel on which every call carries the token. "https://…" endpoints use TLS."""
    scheme, _, address = endpoint.rpartition("://")
    options = [("grpc.service_config", SERVICE_CONFIG)]
    if scheme == "https":
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(), options)
    else:
        channel = grpc.insecure_channel(address, options)
    return grpc.intercept_channel(channel, Bearer(token))


def reason_of(error):
    """The contract's ErrorReason of a refused call, such as "NOT_FOUND": switch on this, never on the text."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == "roster.v1":
            return info.reason
    return None


def write(call, request):
    """Sends a write until the server has answered it. The request_id in it makes that safe: whether or not the write was
    done when the answer was lost, it is done once."""
    assert request.write.request_id, "a write without a request_id is never repeated"
    for attempt in range(ATTEMPTS):
        try:
            return call(request, timeout=10)
        except grpc.RpcError as error:
            lost = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
            if not lost or attempt + 1 == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, 0.1 * 2**attempt))


def arguments(description):
    """The arguments that both programs take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--endpoint", default="127.0.0.1:50051", help="where gRPC is served")
    parser.add_argument("--token", default=os.environ.get("ROSTER_TOKEN"), help="a token; or set ROSTER_TOKEN")
    parser.add_argument("--organization", help="an organization's id; the token's own unless given")
    return parser


def parse(parser):
    """The same, read; a token is needed."""
    read = parser.parse_args()
    if not read.token:
        parser.error("a token is needed: --token or ROSTER_TOKEN")
    return read
