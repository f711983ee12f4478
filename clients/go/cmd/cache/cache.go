package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	rosterv1 "example.com/roster-quickstart/generated/roster/v1"
)

// cache is the copy, and how far it is.
type cache struct {
	file string

	Users       map[string]string
	Groups      map[string]string
	Members     map[string]bool
	ResumeToken string
	Revision    int64 // -1 until the snapshot is complete.
}

func open(file string) (*cache, error) {
	c := &cache{file: file, Users: map[string]string{}, Groups: map[string]string{}, Members: map[string]bool{}, Revision: -1}
	kept, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	return c, json.Unmarshal(kept, c)
}

// apply takes a message in: what it says and its token are stored in one step, or not at all.
func (c *cache) apply(message *rosterv1.WatchChangesResponse) error {
	switch said := message.Message.(type) {
	case *rosterv1.WatchChangesResponse_SnapshotChunk:
		for _, user := range said.SnapshotChunk.Users {
			c.Users[user.Id] = user.UserName
		}
		for _, group := range said.SnapshotChunk.Groups {
			c.Groups[group.Id] = group.DisplayName
		}
		for _, edge := range said.SnapshotChunk.Memberships {
			c.Members[line(edge.GroupId, edge.Member)] = true
		}
	case *rosterv1.WatchChangesResponse_Commit:
		for _, event := range said.Commit.Events {
			c.take(event)
		}
		// A large commit comes in fragments; it is there when the last one is.
		if said.Commit.LastFragment && c.Revision >= 0 {
			c.Revision = int64(said.Commit.Revision.Number)
		}
	case *rosterv1.WatchChangesResponse_SnapshotComplete:
		c.Revision = int64(said.SnapshotComplete.Revision.Number)
	case *rosterv1.WatchChangesResponse_Checkpoint:
		if c.Revision >= 0 {
			c.Revision = int64(said.Checkpoint.Revision.Number)
		}
	}
	if message.ResumeToken != "" {
		c.ResumeToken = message.ResumeToken
	}
	return c.store()
}

// forget begins anew.
func (c *cache) forget() error {
	clear(c.Users)
	clear(c.Groups)
	clear(c.Members)
	c.ResumeToken, c.Revision = "", -1
	return c.store()
}

func (c *cache) take(event *rosterv1.ChangeEvent) {
	ended := event.Action == rosterv1.ChangeEvent_ACTION_SOFT_DELETED || event.Action == rosterv1.ChangeEvent_ACTION_PURGED
	switch event.Kind {
	case rosterv1.ResourceKind_RESOURCE_KIND_MEMBERSHIP:
		edge := line(event.GetMembership().GetGroupId(), event.GetMembership().GetMember())
		if event.Action == rosterv1.ChangeEvent_ACTION_REMOVED {
			delete(c.Members, edge)
		} else {
			c.Members[edge] = true
		}
	case rosterv1.ResourceKind_RESOURCE_KIND_USER:
		if ended {
			delete(c.Users, event.ResourceId)
		} else if after := event.GetUser().GetAfter(); after != nil {
			c.Users[event.ResourceId] = after.UserName
		}
	case rosterv1.ResourceKind_RESOURCE_KIND_GROUP:
		if ended {
			delete(c.Groups, event.ResourceId)
		} else if after := event.GetGroup().GetAfter(); after != nil {
			c.Groups[event.ResourceId] = after.DisplayName
		}
	}
}

// store puts a whole new file in place of the old one. A service keeps its copy in a database, and both in one transaction.
func (c *cache) store() error {
	kept, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.Create(c.file + ".new")
	if err != nil {
		return err
	}
	_, err = file.Write(kept)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(c.file+".new", c.file)
}

// lines is the copy as text, for comparing.
func (c *cache) lines() []string {
	var users, groups, members []string
	for id, name := range c.Users {
		users = append(users, "user "+id+" "+name)
	}
	for id, name := range c.Groups {
		groups = append(groups, "group "+id+" "+name)
	}
	for edge := range c.Members {
		members = append(members, "member "+edge)
	}
	slices.Sort(users)
	slices.Sort(groups)
	slices.Sort(members)
	return slices.Concat(users, groups, members)
}

func line(group string, member *rosterv1.PrincipalRef) string {
	return group + " " + member.GetUserId() + member.GetGroupId() + member.GetServiceAccountId()
}
