package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// Group is the local group of an environment.
type Group struct {
	URL string `json:"url"`
}

// SlotRequest is what Terraform declares of an app of the local target.
type SlotRequest struct {
	Command     string            `json:"command,omitempty" doc:"Overrides the app's start command; runs with sh -c"`
	Variables   map[string]string `json:"variables,omitempty" doc:"Into the app's environment"`
	Instances   int               `json:"instances,omitempty" minimum:"1" default:"1" doc:"Processes that share the route"`
	HealthPath  string            `json:"healthPath,omitempty" doc:"Overrides the app's health path"`
	MemoryLimit int64             `json:"memoryLimit,omitempty" minimum:"0" doc:"Bytes for each process; 0 is none"`
}

// SlotPath is the part of a path that names an app's slot.
type SlotPath struct {
	EnvironmentPath
	App string `path:"app"`
}

type databaseInput struct {
	EnvironmentPath
	Name string `path:"name"`
}

func groupWith(url string, err error) (*answer[Group], error) { return answerWith(Group{url}, err) }

func (s *Server) putGroup(ctx context.Context, in *EnvironmentPath) (*answer[Group], error) {
	return groupWith(s.Apps.PutGroup(ctx, in.key()))
}

func (s *Server) getGroup(ctx context.Context, in *EnvironmentPath) (*answer[Group], error) {
	return groupWith(s.Apps.Group(ctx, in.key()))
}

func (s *Server) deleteGroup(ctx context.Context, in *EnvironmentPath) (*nothing, error) {
	return done(s.Apps.DeleteGroup(ctx, in.key()))
}

type putSlotInput struct {
	SlotPath
	Body SlotRequest
}

func (s *Server) putSlot(ctx context.Context, in *putSlotInput) (*answer[aloft.Slot], error) {
	return answerWith(s.Apps.PutSlot(ctx, aloft.Slot{
		EnvironmentKey: in.key(), App: in.App,
		Command: in.Body.Command, Variables: in.Body.Variables, Instances: max(1, in.Body.Instances),
		HealthPath: in.Body.HealthPath, MemoryLimit: in.Body.MemoryLimit,
	}))
}

func (s *Server) getSlot(ctx context.Context, in *SlotPath) (*answer[aloft.Slot], error) {
	return answerWith(s.Apps.Slot(ctx, in.key(), in.App))
}

func (s *Server) deleteSlot(ctx context.Context, in *SlotPath) (*nothing, error) {
	return done(s.Apps.DeleteSlot(ctx, in.key(), in.App))
}

func (s *Server) putDatabase(ctx context.Context, in *databaseInput) (*answer[aloft.Database], error) {
	return answerWith(s.Databases.PutDatabase(ctx, in.key(), in.Name))
}

func (s *Server) getDatabase(ctx context.Context, in *databaseInput) (*answer[aloft.Database], error) {
	return answerWith(s.Databases.Database(ctx, in.key(), in.Name))
}

func (s *Server) deleteDatabase(ctx context.Context, in *databaseInput) (*nothing, error) {
	return done(s.Databases.DeleteDatabase(ctx, in.key(), in.Name))
}
