package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/aloft-dev/aloft"
)

// RollbackRequest tells what to go back to. All apps of the environment go back
// to the revision of that release.
type RollbackRequest struct {
	App     string `json:"app,omitempty" doc:"The app whose release is meant"`
	Release int64  `json:"release,omitempty" minimum:"0" doc:"Number of the release; 0 is the one before the active one"`
}

type rollbackInput struct {
	EnvironmentPath
	Body RollbackRequest
}

func (s *Server) rollback(ctx context.Context, in *rollbackInput) (*answer[aloft.Run], error) {
	if _, err := s.living(ctx, in.key()); err != nil {
		return nil, err
	}
	releases, err := s.Store.Releases(ctx, in.key())
	if err != nil {
		return nil, err
	}
	release, err := in.Body.find(in.key(), releases)
	if err != nil {
		return nil, err
	}
	run := aloft.Run{
		EnvironmentKey: in.key(), Operation: aloft.OperationRollback, Release: release.Number, Revision: release.Revision,
	}
	run.Title = fmt.Sprintf("Back to release %d", run.Release)
	return s.accept(ctx, run)
}

// find returns the release to go back to: the one that is named, else the newest
// good one of another commit than what runs. Releases come newest first.
func (r RollbackRequest) find(key aloft.EnvironmentKey, releases []aloft.Release) (aloft.Release, error) {
	failed := false
	active := ""
	for _, release := range releases {
		if r.App != "" && r.App != release.App || r.Release != 0 && r.Release != release.Number {
			continue
		}
		if release.Status == aloft.ReleaseFailed {
			failed = true
		} else if r.Release != 0 || active != "" && release.Revision != active {
			return release, nil
		} else if release.Status == aloft.ReleaseActive {
			active = release.Revision
		}
	}
	of := "environment " + key.String()
	if r.App != "" {
		of = fmt.Sprintf("app %s of %s", r.App, key)
	}
	switch {
	case r.Release == 0:
		return aloft.Release{}, aloft.Errorf(aloft.CodeConflict, "%s has no earlier release to go back to", of)
	case failed:
		return aloft.Release{}, aloft.Errorf(aloft.CodeConflict, "release %d of %s never ran: there is nothing to go back to", r.Release, of)
	}
	return aloft.Release{}, aloft.Errorf(aloft.CodeNotFound, "%s has no release %d", of, r.Release).
		WithHint("list the releases with: aloft env show %s", key.Environment)
}

// oneApp returns the only app that has releases.
func oneApp(key aloft.EnvironmentKey, releases []aloft.Release) (string, error) {
	var apps []string
	for _, r := range releases {
		if !slices.Contains(apps, r.App) {
			apps = append(apps, r.App)
		}
	}
	slices.Sort(apps)
	switch len(apps) {
	case 0:
		return "", aloft.Errorf(aloft.CodeConflict, "environment %s has no release yet", key)
	case 1:
		return apps[0], nil
	}
	return "", aloft.Errorf(aloft.CodeInvalid, "environment %s has the apps %v: name one of them", key, apps)
}
