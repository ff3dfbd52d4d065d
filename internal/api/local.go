package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

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

// DatabasePath is the part of a path that names a database.
type DatabasePath struct {
	EnvironmentPath
	Name string `path:"name"`
}

// CreationQuery tells which creation of a resource is meant.
type CreationQuery struct {
	Creation string `query:"creation" maxLength:"100" doc:"Which creation of the resource it is; another one is not touched"`
}

// ClaimQuery tells as which creation a resource is put.
type ClaimQuery struct {
	CreationQuery
	Over string `query:"over" maxLength:"100" doc:"A creation whose place it takes, should that one be there"`
}

func (q ClaimQuery) claim() aloft.Claim { return aloft.Claim{Creation: q.Creation, Over: q.Over} }

type putGroupInput struct {
	EnvironmentPath
	ClaimQuery
}

type deleteGroupInput struct {
	EnvironmentPath
	CreationQuery
}

type deleteSlotInput struct {
	SlotPath
	CreationQuery
}

type putDatabaseInput struct {
	DatabasePath
	ClaimQuery
}

type deleteDatabaseInput struct {
	DatabasePath
	CreationQuery
}

func (s *Server) putGroup(ctx context.Context, in *putGroupInput) (*answer[aloft.Group], error) {
	return answerWith(s.Apps.PutGroup(ctx, in.key(), in.claim()))
}

func (s *Server) getGroup(ctx context.Context, in *EnvironmentPath) (*answer[aloft.Group], error) {
	return answerWith(s.Apps.Group(ctx, in.key()))
}

func (s *Server) deleteGroup(ctx context.Context, in *deleteGroupInput) (*nothing, error) {
	return done(s.Apps.DeleteGroup(ctx, in.key(), in.Creation))
}

type putSlotInput struct {
	SlotPath
	ClaimQuery
	Body SlotRequest
}

func (s *Server) putSlot(ctx context.Context, in *putSlotInput) (*answer[aloft.Slot], error) {
	return answerWith(s.Apps.PutSlot(ctx, aloft.Slot{
		EnvironmentKey: in.key(), App: in.App,
		Command: in.Body.Command, Variables: in.Body.Variables, Instances: max(1, in.Body.Instances),
		HealthPath: in.Body.HealthPath, MemoryLimit: in.Body.MemoryLimit,
	}, in.claim()))
}

func (s *Server) getSlot(ctx context.Context, in *SlotPath) (*answer[aloft.Slot], error) {
	return answerWith(s.Apps.Slot(ctx, in.key(), in.App))
}

func (s *Server) deleteSlot(ctx context.Context, in *deleteSlotInput) (*nothing, error) {
	return done(s.Apps.DeleteSlot(ctx, in.key(), in.App, in.Creation))
}

func (s *Server) putDatabase(ctx context.Context, in *putDatabaseInput) (*answer[aloft.Database], error) {
	return answerWith(s.Databases.PutDatabase(ctx, in.key(), in.Name, in.claim()))
}

func (s *Server) getDatabase(ctx context.Context, in *DatabasePath) (*answer[aloft.Database], error) {
	return answerWith(s.Databases.Database(ctx, in.key(), in.Name))
}

func (s *Server) deleteDatabase(ctx context.Context, in *deleteDatabaseInput) (*nothing, error) {
	return done(s.Databases.DeleteDatabase(ctx, in.key(), in.Name, in.Creation))
}
