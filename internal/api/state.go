package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

type stateInput struct {
	EnvironmentPath
	Version int64 `path:"version" minimum:"0"`
}

func (s *Server) listStates(ctx context.Context, in *EnvironmentPath) (*list[aloft.StateVersion], error) {
	return listOf(s.History.Versions(ctx, in.key()))
}

// rawState is a state as Terraform wrote it.
type rawState struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) getState(ctx context.Context, in *stateInput) (*rawState, error) {
	state, err := s.History.Read(ctx, in.key(), in.Version)
	if err != nil {
		return nil, err
	}
	return &rawState{stateJSON, state}, nil
}

func (s *Server) restoreState(ctx context.Context, in *stateInput) (*answer[aloft.StateVersion], error) {
	if in.Version == 0 {
		return nil, aloft.Errorf(aloft.CodeInvalid, "version 0 is the newest state already: name an earlier one").
			WithHint("list them with: aloft state list %s", in.Environment)
	}
	return answerWith(s.History.Restore(ctx, in.key(), in.Version))
}
