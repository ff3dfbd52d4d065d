package server

import (
	"context"
	"fmt"
	"os"

	"github.com/aloft-dev/aloft"
)

// Remains lists what is left of an environment anywhere on this server.
func (s *Server) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	left, err := target{s.local, s.postgres}.Remains(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, pid := range s.supervisor.Leftovers(key) {
		left = append(left, fmt.Sprintf("process %d", pid))
	}
	versions, err := s.store.StateVersions(ctx, key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return nil, err
	}
	if len(versions) > 0 {
		left = append(left, fmt.Sprintf("%d versions of the state", len(versions)))
	}
	if _, err := s.store.StateLock(ctx, key); err == nil {
		left = append(left, "the lock of the state")
	}
	releases, err := s.store.Releases(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(releases) > 0 {
		left = append(left, fmt.Sprintf("%d releases", len(releases)))
	}
	for _, folder := range []string{"environments", "processes"} {
		path := s.path(folder) + "/" + key.String()
		if _, err := os.Stat(path); err == nil {
			left = append(left, "the folder "+path)
		}
	}
	return left, nil
}
