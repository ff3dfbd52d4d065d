package api

import (
	"context"
	"time"

	"github.com/aloft-dev/aloft"
)

type stateInput struct {
	EnvironmentPath
	Version int64 `path:"version" minimum:"0"`
}

func (s *Server) listStates(ctx context.Context, in *EnvironmentPath) (*list[aloft.StateVersion], error) {
	return listOf(s.History.Versions(ctx, in.key()))
}

func (s *Server) listStatesAside(ctx context.Context, in *EnvironmentPath) (*list[aloft.StateVersion], error) {
	return listOf(s.History.Aside(ctx, in.key()))
}

// StateLock is the lock of a Terraform state.
type StateLock struct {
	ID        string    `json:"id"`
	Operation string    `json:"operation"`
	Who       string    `json:"who"`
	Created   time.Time `json:"created"`
	RunID     int64     `json:"runID,omitempty"` // 0 = a person holds it
}

func (s *Server) getStateLock(ctx context.Context, in *EnvironmentPath) (*answer[StateLock], error) {
	lock, err := s.History.Lock(ctx, in.key())
	return answerWith(StateLock{lock.ID, lock.Operation, lock.Who, lock.Created, lock.RunID}, err)
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
