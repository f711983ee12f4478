// Keeps a copy of an organization's users, groups and memberships that never misses a change.
//
//	ROSTER_TOKEN=… go run ./cmd/cache --endpoint 127.0.0.1:50051 --state directory.json
//
// The first run takes a snapshot and follows from there; every later one goes on where the last one ended, whatever happened
// meanwhile: the resume token is stored in the step that stores what came with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/roster-quickstart/connection"
	rosterv1 "example.com/roster-quickstart/generated/roster/v1"
)

var kinds = []rosterv1.ResourceKind{
	rosterv1.ResourceKind_RESOURCE_KIND_USER,
	rosterv1.ResourceKind_RESOURCE_KIND_GROUP,
	rosterv1.ResourceKind_RESOURCE_KIND_MEMBERSHIP,
}

func main() {
	state := flag.String("state", "directory.json", "the file that holds the copy")
	once := flag.Bool("once", false, "end when the copy is as new as the directory was at the start")
	dump := flag.String("dump", "", "at the end, write the copy to this file, a line each")
	arguments := connection.Read()
	if err := run(context.Background(), arguments, *state, *once, *dump); err != nil {
		log.Fatalf("cache: %v", err)
	}
}

func run(ctx context.Context, arguments connection.Arguments, state string, once bool, dump string) error {
	conn, err := connection.Open(arguments)
	if err != nil {
		return err
	}
	defer conn.Close()
	organization, err := connection.Organization(ctx, conn, arguments)
	if err != nil {
		return err
	}
	changes := rosterv1.NewChangeServiceClient(conn)
	until := int64(math.MaxInt64)
	if once {
		revisions, err := changes.GetRevisions(ctx, &rosterv1.GetRevisionsRequest{OrganizationId: organization})
		if err != nil {
			return err
		}
		until = int64(revisions.Latest.Number)
	}
	cache, err := open(state)
	if err != nil {
		return err
	}
	if err := follow(ctx, changes, organization, cache, until); err != nil {
		return err
	}
	lines := cache.lines()
	fmt.Printf("the copy is of revision %d: %d users, groups and members\n", cache.Revision, len(lines))
	if dump != "" {
		return os.WriteFile(dump, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
	}
	return nil
}

// follow takes in what comes until the copy is of the revision until or a later one.
func follow(ctx context.Context, changes rosterv1.ChangeServiceClient, organization string, cache *cache, until int64) error {
	for attempt := 0; cache.Revision < until; attempt++ {
		request := &rosterv1.WatchChangesRequest{OrganizationId: organization, Kinds: kinds}
		if cache.ResumeToken == "" {
			fmt.Println("beginning with a snapshot")
			request.Start = &rosterv1.WatchChangesRequest_Snapshot{Snapshot: true}
		} else {
			fmt.Println("going on after revision", cache.Revision)
			request.Start = &rosterv1.WatchChangesRequest_ResumeToken{ResumeToken: cache.ResumeToken}
		}
		heard, pause, err := watch(ctx, changes, request, cache, until)
		if heard {
			attempt = 0
		}
		switch connection.ReasonOf(err) {
		case "REVISION_COMPACTED", "EPOCH_CHANGED", "REVISION_UNKNOWN", "INVALID_TOKEN":
			// The place is lost: too old, of a store that was restored, or not this organization's. Only a new snapshot helps.
			if err := cache.forget(); err != nil {
				return err
			}
			continue
		}
		if err != nil && status.Code(err) != codes.Unavailable {
			return err
		}
		if cache.Revision < until {
			connection.Pause(max(pause, min(10*time.Second, 100*time.Millisecond<<min(attempt, 7))))
		}
	}
	return nil
}

// watch reads one stream to its end: whether anything was heard, and how long the server wants to be left alone.
func watch(
	ctx context.Context,
	changes rosterv1.ChangeServiceClient,
	request *rosterv1.WatchChangesRequest,
	cache *cache,
	until int64,
) (heard bool, pause time.Duration, err error) {
	// Ends the stream, however this function does.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := changes.WatchChanges(ctx, request)
	if err != nil {
		return false, 0, err
	}
	for cache.Revision < until {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return heard, pause, nil
		}
		if err != nil {
			return heard, pause, err
		}
		heard = true
		if err := cache.apply(message); err != nil {
			return heard, pause, err
		}
		if ending := message.GetEnding(); ending != nil {
			pause = ending.RetryAfter.AsDuration()
		}
	}
	return heard, pause, nil
}
