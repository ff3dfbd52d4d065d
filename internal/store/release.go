package store

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft"
)

const releaseColumns = `project, environment, app, number, run_id, revision, artifact, spec, slot_key, status, reason, created_at`

// AddRelease records a release and numbers it. Adding an active one retires the
// active one before it.
func (s *Store) AddRelease(ctx context.Context, release aloft.Release) (aloft.Release, error) {
	err := s.change(ctx, func(c *change) error {
		number, err := count(ctx, c, `SELECT COALESCE(MAX(number), 0) + 1 FROM releases WHERE project = $1 AND environment = $2 AND app = $3`,
			release.Project, release.Environment, release.App)
		if err != nil {
			return err
		}
		if release.Status == aloft.ReleaseActive {
			err = c.exec(ctx, `UPDATE releases SET status = $1 WHERE project = $2 AND environment = $3 AND app = $4 AND status = $5`,
				aloft.ReleaseRetired, release.Project, release.Environment, release.App, aloft.ReleaseActive)
			if err != nil {
				return err
			}
		}
		release.Number, release.CreatedAt = number, c.now
		return c.putRelease(ctx, release, s.portable(release))
	})
	if err != nil {
		return aloft.Release{}, fail(err, "record a release of %s in %s", release.App, release.EnvironmentKey)
	}
	return release, nil
}

// WithdrawRelease makes the active release of an app a failed or a retired one, for
// this reason.
func (s *Store) WithdrawRelease(ctx context.Context, key aloft.EnvironmentKey, app string, as aloft.ReleaseStatus, reason string) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `UPDATE releases SET status = $1, reason = $2 WHERE project = $3 AND environment = $4 AND app = $5 AND status = $6`,
			as, text(reason), key.Project, key.Environment, app, aloft.ReleaseActive)
	})
	return fail(err, "withdraw the release of %s in %s", app, key)
}

// Releases returns the releases of every app of an environment, newest first.
func (s *Store) Releases(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) {
	releases, err := list(ctx, s.db.read, s.scanRelease, `SELECT `+releaseColumns+` FROM releases
		WHERE project = $1 AND environment = $2 ORDER BY created_at DESC, run_id DESC, number DESC, app`, key.Project, key.Environment)
	return releases, fail(err, "list the releases of %s", key)
}

// DeleteReleases forgets the releases of an environment. The next one is number 1.
func (s *Store) DeleteReleases(ctx context.Context, key aloft.EnvironmentKey) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `DELETE FROM releases WHERE project = $1 AND environment = $2`, key.Project, key.Environment)
	})
	return fail(err, "delete the releases of %s", key)
}

func (c *change) putRelease(ctx context.Context, r aloft.Release, artifact aloft.Artifact) error {
	c.tell(Event{Key: r.EnvironmentKey})
	return c.exec(ctx, `INSERT INTO releases (`+releaseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		r.Project, r.Environment, r.App, r.Number, r.RunID, text(r.Revision), toJSON(artifact), toJSON(r.Spec),
		text(r.SlotKey), r.Status, text(r.Reason), millis(r.CreatedAt))
}

func (s *Store) scanRelease(r row) (aloft.Release, error) {
	var release aloft.Release
	var artifact, spec string
	var created int64
	err := r.Scan(&release.Project, &release.Environment, &release.App, &release.Number, &release.RunID, &release.Revision,
		&artifact, &spec, &release.SlotKey, &release.Status, &release.Reason, &created)
	if err != nil {
		return release, err
	}
	release.CreatedAt = instant(created)
	err = errors.Join(
		json.Unmarshal([]byte(artifact), &release.Artifact),
		json.Unmarshal([]byte(spec), &release.Spec))
	release.Artifact.Dir = s.located(release)
	return release, err
}

// portable is the artifact of a release as it is recorded: relative to the data
// folder, if it is in it.
func (s *Store) portable(release aloft.Release) aloft.Artifact {
	artifact := release.Artifact
	if s.data == "" {
		return artifact
	}
	if dir, err := filepath.Rel(s.data, artifact.Dir); err == nil && filepath.IsLocal(dir) {
		artifact.Dir = filepath.ToSlash(dir)
	}
	return artifact
}

// located is where the artifact of a release is now. Versions before recorded
// where it was then: it is in the same place of the data folder that there is now.
func (s *Store) located(release aloft.Release) string {
	dir := filepath.FromSlash(release.Artifact.Dir)
	if s.data == "" || dir == "" {
		return dir
	}
	if !filepath.IsAbs(dir) {
		return filepath.Join(s.data, dir)
	}
	place := filepath.Join("artifacts", release.Project, release.Artifact.ID)
	if i := strings.LastIndex(dir, string(filepath.Separator)+place); i >= 0 {
		return filepath.Join(s.data, dir[i:])
	}
	return dir
}
