package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// RunRequest asks for a run to a commit that the server has.
type RunRequest struct {
	Operation aloft.Operation `json:"operation" enum:"up,plan" doc:"What the run is to achieve"`
	Revision  string          `json:"revision" pattern:"^([0-9a-f]{40}|[0-9a-f]{64})$" doc:"Commit to reach; it has been pushed before"`
	SkipBuild bool            `json:"skipBuild,omitempty" doc:"Only provision; keep what runs"`
	Force     bool            `json:"force,omitempty" doc:"Also when that drops commits that the branch has and this one lacks"`
	TTL       string          `json:"ttl,omitempty" doc:"How long the environment lives from now on, such as 72h" example:"72h"`
}

type runRequestInput struct {
	EnvironmentPath
	Body RunRequest
}

// createRun does what a push does, for a commit that needs no pushing.
func (s *Server) createRun(ctx context.Context, in *runRequestInput) (*answer[aloft.Run], error) {
	run := aloft.Run{
		EnvironmentKey: in.key(), Operation: in.Body.Operation, Revision: in.Body.Revision,
		Options: aloft.RunOptions{Plan: in.Body.Operation == aloft.OperationPlan, SkipBuild: in.Body.SkipBuild, FastForward: !in.Body.Force},
	}
	if in.Body.TTL != "" {
		ttl, err := parseTTL(in.Body.TTL)
		if err != nil {
			return nil, err
		}
		run.Options.TTL = ttl
	}
	return s.accept(ctx, run)
}
