package api

import (
	"context"
	"io"

	"github.com/aloft-dev/aloft"
)

// RunDetails is a run with its steps, in the order they began.
type RunDetails struct {
	aloft.Run
	Steps []aloft.Step `json:"steps" nullable:"false"`
}

// RunPath is the part of a path that names a run.
type RunPath struct {
	Run int64 `path:"run" minimum:"1" doc:"ID of the run"`
}

type runsInput struct {
	Project     string   `query:"project" doc:"Only of this project"`
	Environment string   `query:"environment" doc:"Only of environments with this name"`
	Status      []string `query:"status,explode" enum:"queued,running,waiting,succeeded,failed,canceled,superseded" doc:"Only with one of these statuses"`
	Limit       int      `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"At most so many"`
}

func (s *Server) listRuns(ctx context.Context, in *runsInput) (*list[aloft.Run], error) {
	filter := aloft.RunFilter{Project: in.Project, Environment: in.Environment, Limit: in.Limit}
	for _, status := range in.Status {
		filter.Statuses = append(filter.Statuses, aloft.RunStatus(status))
	}
	return listOf(s.Store.Runs(ctx, filter))
}

func (s *Server) getRun(ctx context.Context, in *RunPath) (*answer[RunDetails], error) {
	run, err := s.Store.Run(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	steps, err := s.Store.Steps(ctx, in.Run)
	return answerWith(RunDetails{run, orEmpty(steps)}, err)
}

type runLogInput struct {
	RunPath
	Follow bool `query:"follow" doc:"Go on until the run has ended"`
}

func (s *Server) runLog(ctx context.Context, in *runLogInput) (*stream, error) {
	if _, err := s.Store.Run(ctx, in.Run); err != nil {
		return nil, err
	}
	return s.stream(plainText, func(ctx context.Context, w io.Writer) error {
		return s.Runs.Log(ctx, in.Run, in.Follow, w)
	}), nil
}

func (s *Server) runPlan(ctx context.Context, in *RunPath) (*answer[aloft.Plan], error) {
	return answerWith(s.Runs.Plan(ctx, in.Run))
}

func (s *Server) runTrace(ctx context.Context, in *RunPath) (*answer[aloft.Trace], error) {
	return answerWith(s.Runs.Trace(ctx, in.Run))
}

func (s *Server) cancelRun(ctx context.Context, in *RunPath) (*nothing, error) {
	return done(s.Runs.Cancel(ctx, in.Run, actor(ctx)))
}

type approveInput struct {
	RunPath
	Body struct {
		Digest string `json:"digest" minLength:"1" doc:"Digest of the plan that was read: only that one is approved"`
	}
}

func (s *Server) approveRun(ctx context.Context, in *approveInput) (*nothing, error) {
	return done(s.Runs.Approve(ctx, in.Run, in.Body.Digest, actor(ctx)))
}
