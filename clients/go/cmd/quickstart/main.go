// A tour of Roster's gRPC API: somebody is created, found, changed, put into a group and read back.
//
//	ROSTER_TOKEN=… go run ./cmd/quickstart --endpoint 127.0.0.1:50051
//
// Works in an organization of yours without disturbing it: what it makes, it deletes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"example.com/roster-quickstart/connection"
	rosterv1 "example.com/roster-quickstart/generated/roster/v1"
)

func main() {
	if err := tour(context.Background(), connection.Read()); err != nil {
		log.Fatalf("quickstart: %v", err)
	}
	fmt.Println("deleted what was made; all as the contract says")
}

func tour(ctx context.Context, arguments connection.Arguments) (err error) {
	conn, err := connection.Open(arguments)
	if err != nil {
		return err
	}
	defer conn.Close()
	organization, err := connection.Organization(ctx, conn, arguments)
	if err != nil {
		return err
	}
	users, groups := rosterv1.NewUserServiceClient(conn), rosterv1.NewGroupServiceClient(conn)
	domain := uuid.NewString() + ".example.com"

	// Should the answer be lost, the request is sent again, and its request_id makes that one user.
	createAda := &rosterv1.CreateUserRequest{
		OrganizationId: organization,
		User: &rosterv1.User{
			UserName: "Ada.Lovelace@" + domain,
			Name:     &rosterv1.PersonName{GivenName: proto.String("Ada"), FamilyName: proto.String("Lovelace")},
			Emails:   []*rosterv1.MultiValue{{Value: proto.String("ada@" + domain), Type: proto.String("work"), Primary: proto.Bool(true)}},
		},
		Write: &rosterv1.WriteOptions{RequestId: uuid.NewString()},
	}
	created, err := connection.Write(ctx, users.CreateUser, createAda)
	if err != nil {
		return err
	}
	ada := created.User
	defer func() {
		_, gone := users.DeleteUser(ctx, &rosterv1.DeleteUserRequest{OrganizationId: organization, UserId: ada.Id})
		err = errors.Join(err, gone)
	}()
	fmt.Printf("created %s as %s, version %s\n", ada.UserName, ada.Id, ada.Meta.Etag)
	again, err := connection.Write(ctx, users.CreateUser, createAda)
	if err != nil || again.User.Id != ada.Id {
		return fmt.Errorf("the same request_id made another user: %v, %w", again, err)
	}
	fmt.Println("sent again with its request_id: the same user")

	// Found by everything it is known by; on any node, once its token was seen there.
	fresh := &rosterv1.Consistency{Requirement: &rosterv1.Consistency_AtLeastAsFresh{AtLeastAsFresh: created.CommittedAt.Token}}
	references := map[string]*rosterv1.UserRef{
		"userName, in another case": {Ref: &rosterv1.UserRef_UserName{UserName: "ADA.LOVELACE@" + strings.ToUpper(domain)}},
		"e-mail":                    {Ref: &rosterv1.UserRef_Email{Email: "ada@" + domain}},
	}
	for name, reference := range references {
		found, err := users.GetUser(ctx, &rosterv1.GetUserRequest{OrganizationId: organization, User: reference, Consistency: fresh})
		if err != nil || !proto.Equal(found.User, ada) {
			return fmt.Errorf("by %s another user came than the one created: %v, %w", name, found, err)
		}
		fmt.Println("found by", name)
	}

	// A mask names what changes; nothing else does.
	titled, err := users.UpdateUser(ctx, &rosterv1.UpdateUserRequest{
		OrganizationId: organization,
		User:           &rosterv1.User{Id: ada.Id, Title: proto.String("Countess")},
		UpdateMask:     &fieldmaskpb.FieldMask{Paths: []string{"title"}},
		Precondition:   &rosterv1.Precondition{IfMatch: []string{ada.Meta.Etag}},
	})
	if err != nil || titled.User.GetTitle() != "Countess" || !proto.Equal(titled.User.Name, ada.Name) {
		return fmt.Errorf("the mask changed something else: %v, %w", titled, err)
	}
	fmt.Println("updated under if_match, now version", titled.User.Meta.Etag)

	// Errors are for programs: a code, a stable reason, metadata.
	nobody := &rosterv1.UserRef{Ref: &rosterv1.UserRef_Id{Id: "nobody"}}
	_, refused := users.GetUser(ctx, &rosterv1.GetUserRequest{OrganizationId: organization, User: nobody})
	if status.Code(refused) != codes.NotFound || connection.ReasonOf(refused) != "NOT_FOUND" {
		return fmt.Errorf("an unknown id was answered with %w", refused)
	}
	fmt.Printf("an unknown id answers %s, reason %s\n", status.Code(refused), connection.ReasonOf(refused))

	// Members change by deltas; they are read as a stream.
	made, err := groups.CreateGroup(ctx, &rosterv1.CreateGroupRequest{
		OrganizationId: organization,
		Group:          &rosterv1.Group{DisplayName: "Engineers " + domain},
	})
	if err != nil {
		return err
	}
	defer func() {
		_, gone := groups.DeleteGroup(ctx, &rosterv1.DeleteGroupRequest{OrganizationId: organization, GroupId: made.Group.Id})
		err = errors.Join(err, gone)
	}()
	added, err := groups.ModifyGroupMembers(ctx, &rosterv1.ModifyGroupMembersRequest{
		OrganizationId: organization,
		GroupId:        made.Group.Id,
		Deltas: []*rosterv1.MemberDelta{{
			Action: rosterv1.MemberDelta_ACTION_ADD,
			Member: &rosterv1.PrincipalRef{Principal: &rosterv1.PrincipalRef_UserId{UserId: ada.Id}},
		}},
	})
	if err != nil || added.MembersAdded != 1 {
		return fmt.Errorf("the delta answered %v, %w", added, err)
	}
	stream, err := groups.StreamGroupMembers(ctx, &rosterv1.StreamGroupMembersRequest{OrganizationId: organization, GroupId: made.Group.Id})
	if err != nil {
		return err
	}
	var streamed []string
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for _, edge := range chunk.Members {
			streamed = append(streamed, edge.Member.GetUserId())
		}
	}
	if len(streamed) != 1 || streamed[0] != ada.Id {
		return fmt.Errorf("the members were streamed as %v", streamed)
	}
	fmt.Printf("added a member at revision %d, and streamed it\n", added.CommittedAt.Number)
	return nil
}
