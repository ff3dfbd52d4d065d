package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// unsavedState is the file into which an engine puts a state that it cannot
// store; it is kept with the environment until it is stored.
const unsavedState = "errored.tfstate"

// recover takes up what an apply that was cut off has left: before anything else
// is applied or destroyed, the state knows all that there is. It is a step only
// where there is something to take up.
func (p *Pipeline) recover(ctx context.Context, j journey) error {
	key := j.run.EnvironmentKey
	before, err := p.applied(key)
	if err != nil || !p.interrupted(key, before) {
		return err
	}
	_, err = take(ctx, j.recorder, "recover", func(ctx context.Context, s *step) (struct{}, error) {
		return struct{}{}, p.takeUp(ctx, s, j, before)
	})
	return err
}

// interrupted reports whether the newest apply did not end well, and may have
// left more than the local target itself knows of.
func (p *Pipeline) interrupted(key aloft.EnvironmentKey, before applied) bool {
	if before.Attempt.Revision == "" {
		return false
	}
	_, err := os.Stat(p.unsavedPath(key))
	return before.cutOff() || err == nil
}

// cutOff reports whether the newest apply may have created what the state does
// not know.
func (a applied) cutOff() bool {
	return a.Attempt.RunID != a.Last.RunID && !a.Settled && !a.Attempt.local()
}

func (p *Pipeline) unsavedPath(key aloft.EnvironmentKey) string {
	return filepath.Join(p.environmentDir(key), unsavedState)
}

func (p *Pipeline) takeUp(ctx context.Context, s *step, j journey, before applied) error {
	conf := before.Attempt
	dir := filepath.Join(p.runDir(j.run), "recover")
	defer os.RemoveAll(dir) //nolint:errcheck // what stays is removed with the run's folder
	folder, summary, err := p.restoreTo(ctx, dir, j.run.Project, conf)
	if err != nil {
		return err
	}
	e, err := p.engage(ctx, s, j.run, folder, conf, summary)
	if err != nil {
		return err
	}
	defer e.close()
	if err := e.init(ctx); err != nil {
		return err
	}
	left := aloft.Interrupted{Finish: j.run.Operation == aloft.OperationDestroy}
	if before.cutOff() {
		left.Journal = p.journalPath(conf.RunID)
	}
	if _, err := os.Stat(p.unsavedPath(j.run.EnvironmentKey)); err == nil {
		left.State = p.unsavedPath(j.run.EnvironmentKey)
	}
	recovery, err := e.terraform.Recover(ctx, e.c, left)
	if err != nil {
		return err
	}
	if err := p.remember(j.run.EnvironmentKey, before, recovery); err != nil {
		return err
	}
	if left.State != "" {
		if err := os.Remove(left.State); err != nil {
			return fmt.Errorf("cannot remove a state that is stored now: %w", err)
		}
	}
	tellRecovery(s, conf, recovery)
	return nil
}

// remember keeps what is still open after a recovery, until an apply succeeds or
// the environment is gone.
func (p *Pipeline) remember(key aloft.EnvironmentKey, before applied, recovery aloft.Recovery) error {
	now := before
	if before.cutOff() {
		now.Settled, now.CutOff = true, recovery.CutOff
	}
	for _, stray := range recovery.Strays {
		if !slices.Contains(now.Strays, stray) {
			now.Strays = append(now.Strays, stray)
		}
	}
	return p.saveApplied(key, now)
}

func tellRecovery(s *step, conf configuration, recovery aloft.Recovery) {
	if recovery.Stored {
		s.voice.detail("stored the state that the apply of run %d could not store", conf.RunID)
	}
	for _, r := range recovery.Imported {
		s.voice.detail("imported %s (%s), which the apply of run %d had created", r.Address, r.ID, conf.RunID)
	}
	for _, r := range recovery.Strays {
		s.voice.alarm("%s (%s) was created by run %d and cannot be imported: remove it by hand", r.Address, r.ID, conf.RunID)
	}
	if len(recovery.CutOff) > 0 {
		s.voice.detail("cut off while being created, so they may be there already: %s", strings.Join(recovery.CutOff, ", "))
	}
	s.say(fmt.Sprintf("run %d had been cut off, %d resources imported", conf.RunID, len(recovery.Imported)))
}

// strays fails a destroy that cannot have removed everything, once: whoever reads
// the list can remove the rest, and nobody else can.
func (p *Pipeline) strays(key aloft.EnvironmentKey, before applied) error {
	if len(before.Strays) == 0 {
		return nil
	}
	var left []string
	for _, stray := range before.Strays {
		left = append(left, fmt.Sprintf("%s (%s)", stray.Address, stray.ID))
	}
	now := before
	now.Strays = nil
	if err := p.saveApplied(key, now); err != nil {
		return err
	}
	return aloft.Errorf(aloft.CodeFailed, "what Terraform knows of %s is destroyed, but an interrupted apply has created more: %s",
		key, strings.Join(left, ", ")).
		WithHint("remove it by hand, then delete the branch again: `git push aloft :%s`", key.Branch())
}

// restoreTo puts the files of what was applied into dir, and reads its Terraform.
func (p *Pipeline) restoreTo(ctx context.Context, dir, project string, conf configuration) (string, aloft.ConfigurationSummary, error) {
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", aloft.ConfigurationSummary{}, fmt.Errorf("cannot make a folder for what was applied: %w", err)
	}
	if _, err := p.Repository(project).Checkout(ctx, conf.Revision, dir); err != nil {
		return "", aloft.ConfigurationSummary{}, err
	}
	folder := filepath.Join(dir, filepath.FromSlash(conf.Folder))
	summary, err := p.Inspect(folder, conf.Folder)
	return folder, summary, err
}

// rescue keeps the state that an engine left in the run's checkout, which is
// about to be removed.
func (p *Pipeline) rescue(run aloft.Run) error {
	before, err := p.applied(run.EnvironmentKey)
	if err != nil {
		return err
	}
	for _, folder := range []string{before.Attempt.Folder, before.Last.Folder} {
		from := filepath.Join(p.runDir(run), "source", filepath.FromSlash(folder), unsavedState)
		err := os.Rename(from, p.unsavedPath(run.EnvironmentKey))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot keep the state that run %d could not store: %w", run.ID, err)
		}
	}
	return nil
}

// awaitOrphan waits for an engine that a killed server has left at work on the
// environment.
func (p *Pipeline) awaitOrphan(ctx context.Context, key aloft.EnvironmentKey, say func(format string, args ...any)) error {
	if p.Orphan == nil {
		return nil
	}
	orphan, await := p.Orphan(key)
	if !orphan {
		return nil
	}
	say("the engine of the server before this one is still at work: waiting for it to end")
	return await(ctx)
}
