package api

import (
	"context"
	"io"

	"github.com/aloft-dev/aloft"
)

type logsInput struct {
	EnvironmentPath
	App    string `query:"app" doc:"Only of this app"`
	Lines  int    `query:"lines" minimum:"0" maximum:"100000" default:"100" doc:"So many of the last lines"`
	Follow bool   `query:"follow" doc:"Go on with what comes"`
}

func (s *Server) appLogs(ctx context.Context, in *logsInput) (*stream, error) {
	if in.App != "" {
		if err := aloft.ValidateAppName(in.App); err != nil {
			return nil, err
		}
	}
	if _, err := s.Store.Environment(ctx, in.key()); err != nil {
		return nil, err
	}
	return s.stream(plainText, func(ctx context.Context, w io.Writer) error {
		return s.Logs.Logs(ctx, in.key(), in.App, in.Lines, in.Follow, w)
	}), nil
}
