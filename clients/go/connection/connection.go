// Package connection is what both programs here share: a channel, a token on every call, and what to do when a call fails.
package connection

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"example.com/roster-quickstart/generated"
	rosterv1 "example.com/roster-quickstart/generated/roster/v1"
)

const attempts = 5

// Arguments are what both programs take.
type Arguments struct {
	Endpoint, Token, Organization string
}

// Read parses the command line, to which the program may have added flags of its own.
func Read() Arguments {
	var a Arguments
	flag.StringVar(&a.Endpoint, "endpoint", "127.0.0.1:50051", "where gRPC is served")
	flag.StringVar(&a.Token, "token", os.Getenv("ROSTER_TOKEN"), "a token; or set ROSTER_TOKEN")
	flag.StringVar(&a.Organization, "organization", "", "an organization's id; the token's own unless given")
	flag.Parse()
	if a.Token == "" {
		log.Fatal("a token is needed: --token or ROSTER_TOKEN")
	}
	return a
}

// bearer adds the token to every call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }

// Open makes a channel on which every call carries the token. "https://…" endpoints use TLS. The channel repeats reads by
// itself, and reads alone: so says the service config that is published with the contract (GET /proto/service_config.json).
func Open(a Arguments) (*grpc.ClientConn, error) {
	address, secure := strings.CutPrefix(a.Endpoint, "https://")
	address = strings.TrimPrefix(address, "http://")
	transport := insecure.NewCredentials()
	if secure {
		transport = credentials.NewTLS(nil)
	}
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(bearer{a.Token, secure}),
		grpc.WithDefaultServiceConfig(generated.ServiceConfig),
	)
}

// Organization is the one to work in: as asked for, or the caller's own.
func Organization(ctx context.Context, conn *grpc.ClientConn, a Arguments) (string, error) {
	caller, err := rosterv1.NewProvisioningServiceClient(conn).GetCaller(ctx, &rosterv1.GetCallerRequest{})
	if err != nil {
		return "", err
	}
	fmt.Printf("caller: home organization %s, scopes %s\n", caller.Organization.GetId(), strings.Join(caller.Scopes, ", "))
	if a.Organization != "" {
		return a.Organization, nil
	}
	return caller.Organization.GetId(), nil
}

// ReasonOf is the contract's ErrorReason of a refused call, such as "NOT_FOUND": switch on this, never on the text.
func ReasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == "roster.v1" {
			return info.Reason
		}
	}
	return ""
}

// Write sends a write until the server has answered it. The request_id in it makes that safe: whether or not the write was
// done when the answer was lost, it is done once.
func Write[Request interface{ GetWrite() *rosterv1.WriteOptions }, Response any](
	ctx context.Context,
	call func(context.Context, Request, ...grpc.CallOption) (Response, error),
	request Request,
) (Response, error) {
	if request.GetWrite().GetRequestId() == "" {
		panic("a write without a request_id is never repeated")
	}
	for attempt := 1; ; attempt++ {
		one, cancel := context.WithTimeout(ctx, 10*time.Second)
		answer, err := call(one, request)
		cancel()
		code := status.Code(err)
		if (code != codes.Unavailable && code != codes.DeadlineExceeded) || attempt == attempts || ctx.Err() != nil {
			return answer, err
		}
		Pause(100 * time.Millisecond << attempt)
	}
}

// Pause waits for at most this long: at random, so that clients do not come back all at once.
func Pause(most time.Duration) {
	time.Sleep(most/2 + rand.N(most/2+1))
}
