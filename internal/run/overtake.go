package run

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aloft-dev/aloft"
)

// alone waits until no other push of the environment is being accepted.
func (r *Reconciler) alone(key aloft.EnvironmentKey) (leave func()) {
	door, _ := r.accepting.LoadOrStore(key, new(sync.Mutex))
	door.(*sync.Mutex).Lock()
	return door.(*sync.Mutex).Unlock
}

// upToDate refuses a push by somebody who did not know where the branch is, or
// where a run that was accepted before is taking it. A run that ended in the
// meantime does no harm: its commit may be an ancestor of the new one. A branch
// that is to go may be anywhere.
func (r *Reconciler) upToDate(ctx context.Context, key aloft.EnvironmentKey, update aloft.RefUpdate, options aloft.RunOptions) error {
	if update.New == "" {
		return nil
	}
	repository := r.pipeline.Repository(key.Project)
	ahead, err := r.ahead(ctx, key)
	if err != nil || ahead.Operation == aloft.OperationDestroy {
		return err
	}
	if ahead.ID != 0 && !options.Plan {
		descends, err := repository.Descends(ctx, ahead.Revision, update.New)
		if err == nil && !descends {
			err = aloft.Errorf(aloft.CodeConflict, "run %d takes %s to %s, which is not in what you push", ahead.ID, key.Branch(), short(ahead.Revision)).
				WithHint("wait for it, git fetch, then push again; or, if it is yours: aloft run cancel %d, then push again", ahead.ID)
		}
		return err
	}
	current, err := repository.Branch(ctx, key.Branch())
	if err == nil && current != "" && options.FastForward {
		return r.fastForward(ctx, key, current, update.New)
	}
	if err != nil || current == update.Old || current == "" {
		return err
	}
	descends, err := repository.Descends(ctx, current, update.New)
	if err == nil && !descends {
		err = aloft.Errorf(aloft.CodeConflict, "%s has moved since you last looked", key.Branch()).
			WithHint("git fetch, then push again")
	}
	return err
}

// droppedShown is how many of the commits that would be dropped are named.
const droppedShown = 5

// fastForward refuses to take a branch away from commits, and names them: nobody has
// said that what others pushed may go.
func (r *Reconciler) fastForward(ctx context.Context, key aloft.EnvironmentKey, current, revision string) error {
	repository := r.pipeline.Repository(key.Project)
	descends, err := repository.Descends(ctx, current, revision)
	if err != nil || descends {
		return err
	}
	dropped, err := repository.Lacking(ctx, current, revision, droppedShown+1)
	if err != nil {
		return err
	}
	var text strings.Builder
	for i, commit := range dropped {
		if i == droppedShown {
			text.WriteString("\nand more")
			break
		}
		fmt.Fprintf(&text, "\n%s %s, of %s", short(commit.ID), commit.Subject, commit.Author)
	}
	return aloft.Errorf(aloft.CodeConflict, "this would drop what %s has and %s lacks:%s", key.Branch(), short(revision), text.String()).
		WithHint("git fetch, take it in, then again; or, if it shall be dropped: aloft up %s --force", key.Environment)
}

// ahead is the newest run on its way that moves the environment's branch, or
// deletes it; the zero Run when there is none.
func (r *Reconciler) ahead(ctx context.Context, key aloft.EnvironmentKey) (aloft.Run, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment,
		Statuses: []aloft.RunStatus{aloft.RunRunning, aloft.RunQueued, aloft.RunWaiting},
	})
	for _, run := range runs {
		if run.Operation == aloft.OperationUp || run.Operation == aloft.OperationDestroy {
			return run, err
		}
	}
	return aloft.Run{}, err
}

// overtaken refuses to move a branch away from a commit that the pusher did not
// know: what was right when the push was accepted may have changed until its turn.
func (r *Reconciler) overtaken(ctx context.Context, run aloft.Run) error {
	if run.Operation != aloft.OperationUp || run.Trigger != aloft.TriggerPush && !run.Options.FastForward {
		return nil
	}
	repository := r.pipeline.Repository(run.Project)
	current, err := repository.Branch(ctx, run.Branch())
	if err == nil && current != "" && run.Options.FastForward {
		return r.fastForward(ctx, run.EnvironmentKey, current, run.Revision)
	}
	if err != nil || current == "" || current == run.Options.Old {
		return err
	}
	descends, err := repository.Descends(ctx, current, run.Revision)
	if err == nil && !descends {
		err = aloft.Errorf(aloft.CodeConflict, "the branch moved since the push: it is at %s, which is not in %s", short(current), short(run.Revision)).
			WithHint("git fetch, then push again")
	}
	return err
}
