package run

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aloft-dev/aloft"
)

var _ aloft.Receiver = (*Reconciler)(nil)

// Receive turns a push into runs and follows them. All of them are accepted
// before the first is followed, so that a branch renamed in one push converges
// even if the pusher goes away.
func (r *Reconciler) Receive(ctx context.Context, push aloft.Push, progress io.Writer) []aloft.RefResult {
	say := &voice{out: progress}
	results := make([]aloft.RefResult, len(push.Updates))
	runs := make([]aloft.Run, len(push.Updates))
	options, optionsErr := ParseOptions(push.Options)
	for i, update := range push.Updates {
		results[i].Ref = update.Ref
		err := optionsErr
		if err == nil {
			runs[i], err = r.receive(ctx, push, update, options, say)
		}
		if err != nil {
			say.fail(err)
			results[i].Reason = summarize(err)
		}
	}
	for i, run := range runs {
		if run.ID != 0 {
			results[i].Reason, results[i].Kept = r.follow(ctx, run, say, progress)
		}
	}
	return results
}

// receive carries out an update that is no environment's, and accepts a run for
// one that is.
func (r *Reconciler) receive(ctx context.Context, push aloft.Push, update aloft.RefUpdate, options aloft.RunOptions, say *voice) (aloft.Run, error) {
	// A project whose deletion was cut off has a repository, but no record.
	if _, err := r.store.CreateProject(ctx, push.Project); err != nil && aloft.ErrorCode(err) != aloft.CodeConflict {
		return aloft.Run{}, err
	}
	repository := r.pipeline.Repository(push.Project)
	branch, ok := strings.CutPrefix(update.Ref, "refs/heads/")
	if !ok {
		return aloft.Run{}, aloft.Errorf(aloft.CodeInvalid, "cannot update %s: it is no branch", update.Ref)
	}
	name, err := aloft.EnvironmentOfBranch(branch)
	if err != nil {
		return aloft.Run{}, err
	}
	if name == "" {
		return aloft.Run{}, r.plainBranch(ctx, repository, branch, update, say)
	}
	key := aloft.EnvironmentKey{Project: push.Project, Environment: name}
	defer r.alone(key)()
	if err := r.upToDate(ctx, key, update, options); err != nil {
		return aloft.Run{}, err
	}
	options.Old = update.Old
	run := aloft.Run{
		EnvironmentKey: key,
		Operation:      aloft.OperationUp,
		Trigger:        aloft.TriggerPush,
		Actor:          push.Actor,
		Revision:       update.New,
		Options:        options,
	}
	switch {
	case update.New == "" && options.Plan:
		return run, aloft.Errorf(aloft.CodeInvalid, "a deleted branch has no plan").
			WithHint("`aloft terraform %s -- plan -destroy` shows what a destroy would do", name)
	case update.New == "":
		run.Operation = aloft.OperationDestroy
	case options.Plan:
		run.Operation = aloft.OperationPlan
	}
	accepted, err := r.Accept(ctx, run)
	if err == nil {
		r.pipeline.received(accepted.ID, push.ReceivedAt)
	}
	if aloft.ErrorCode(err) == aloft.CodeNotFound && run.Operation == aloft.OperationDestroy {
		return aloft.Run{}, repository.DeleteBranch(ctx, branch) // no environment stands behind it
	}
	return accepted, err
}

// plainBranch stores a branch that is no environment.
func (r *Reconciler) plainBranch(ctx context.Context, repository Repository, branch string, update aloft.RefUpdate, say *voice) error {
	if err := repository.UpdateRef(ctx, update); err != nil || update.New == "" {
		return err
	}
	say.headline("%s is stored; it is no environment", branch)
	near := aloft.NearestName(branch, aloft.MaxEnvironmentName)
	near = strings.TrimPrefix(strings.TrimPrefix(near, "feature-"), aloft.BranchPrefix)
	if near == "" {
		near = "test"
	}
	say.detail("this would make one: git push aloft HEAD:%s%s", aloft.BranchPrefix, near)
	return nil
}

// follow streams a run's log until it has ended or the pusher detaches, and
// tells what that means for the ref.
func (r *Reconciler) follow(ctx context.Context, run aloft.Run, say *voice, progress io.Writer) (reason string, kept bool) {
	if run.Options.Detach {
		say.headline("run %d goes on without you; follow it with: aloft run attach %d", run.ID, run.ID)
		return "", true
	}
	ahead, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: run.Project, Environment: run.Environment, Statuses: []aloft.RunStatus{aloft.RunRunning}, Limit: 1,
	})
	if err == nil && len(ahead) == 1 && ahead[0].ID < run.ID {
		say.detail("run %d of %s is on its way; this one comes after it", ahead[0].ID, run.Branch())
	}
	say.detail("run %d; Ctrl-C detaches, `aloft run attach %d` follows it again", run.ID, run.ID)
	if err := r.Log(ctx, run.ID, true, progress); err != nil {
		return "detached from run " + fmt.Sprint(run.ID), false
	}
	ended, err := r.store.Run(ctx, run.ID)
	if err != nil {
		return summarize(err), false
	}
	if ended.Status == aloft.RunSucceeded {
		return "", run.Operation == aloft.OperationPlan
	}
	reason = fmt.Sprintf("run %d %s", run.ID, ended.Status)
	if ended.ErrorCode == aloft.CodeConflict {
		reason = fmt.Sprintf("run %d: %s", run.ID, ended.Error)
	}
	return reason, false
}
