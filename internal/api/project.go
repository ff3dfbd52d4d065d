package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// answer is the output of an operation whose answer is one JSON document.
type answer[T any] struct{ Body T }

// list is the output of an operation whose answer is a list.
type list[T any] struct {
	Body []T `nullable:"false"`
}

func answerWith[T any](body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{body}, nil
}

// listOf answers with a list that is never null.
func listOf[T any](items []T, err error) (*list[T], error) {
	if err != nil {
		return nil, err
	}
	return &list[T]{orEmpty(items)}, nil
}

func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// nothing is an input or an output without content.
type nothing struct{}

func done(err error) (*nothing, error) {
	if err != nil {
		return nil, err
	}
	return nil, nil
}

type projectInput struct {
	Project string `path:"project"`
}

type projectBody struct {
	Name string `json:"name" doc:"1 to 40 characters a-z, 0-9 and -" example:"shop"`
}

func (s *Server) listProjects(ctx context.Context, _ *nothing) (*list[aloft.Project], error) {
	return listOf(s.Store.Projects(ctx))
}

func (s *Server) createProject(ctx context.Context, in *struct{ Body projectBody }) (*answer[aloft.Project], error) {
	if err := aloft.ValidateProjectName(in.Body.Name); err != nil {
		return nil, err
	}
	return answerWith(s.Runs.CreateProject(ctx, in.Body.Name))
}

func (s *Server) getProject(ctx context.Context, in *projectInput) (*answer[aloft.Project], error) {
	return answerWith(s.Store.Project(ctx, in.Project))
}

func (s *Server) deleteProject(ctx context.Context, in *projectInput) (*nothing, error) {
	return done(s.Runs.DeleteProject(ctx, in.Project))
}
