package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// Store is what the reconciler keeps.
type Store interface {
	aloft.EnvironmentStore
	aloft.RunStore
}

// Reconciler brings every environment to what its branch says, one run at a
// time for each environment. It is woken by pushes, requests, timers and
// restarts; being woken twice, or late, changes nothing.
type Reconciler struct {
	pipeline *Pipeline
	store    Store
	logs     *Logs
	logger   *slog.Logger
	now      func() time.Time
	runsKept int

	accepting sync.Map // *sync.Mutex by environment: its pushes are looked at and accepted one by one

	mu      sync.Mutex
	cancels map[int64]context.CancelCauseFunc // runs on their way
	seen    map[aloft.EnvironmentKey]bool     // environments looked at since the server started

	told map[aloft.EnvironmentKey]bool // branches without an environment that were told of; of the sweep alone
}

// ReconcilerOptions are the parts of a Reconciler. Logger and Now may be nil.
type ReconcilerOptions struct {
	Pipeline *Pipeline
	Store    Store
	Logs     *Logs
	Logger   *slog.Logger
	Now      func() time.Time
	RunsKept int // how many finished runs of each project keep their files; 0 = aloft.RunsKept
}

// NewReconciler returns a Reconciler of these parts.
func NewReconciler(o ReconcilerOptions) *Reconciler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RunsKept == 0 {
		o.RunsKept = aloft.RunsKept
	}
	return &Reconciler{
		pipeline: o.Pipeline, store: o.Store, logs: o.Logs, logger: o.Logger, now: o.Now, runsKept: o.RunsKept,
		cancels: map[int64]context.CancelCauseFunc{}, seen: map[aloft.EnvironmentKey]bool{}, told: map[aloft.EnvironmentKey]bool{},
	}
}

var (
	errCanceled = aloft.Errorf(aloft.CodeCanceled, "the run was canceled")
	errStopping = errors.New("the server is stopping")
)

// Reconcile takes the runs of an environment until there is none left, then
// compares what is with what should be. A failed run is not an error here: its
// record tells.
func (r *Reconciler) Reconcile(ctx context.Context, key aloft.EnvironmentKey) error {
	for {
		run, found, err := r.next(ctx, key)
		if err != nil {
			return err
		}
		if !found {
			if requested, err := r.look(ctx, key); err != nil || !requested {
				return err
			}
			continue
		}
		if err := r.carryOut(ctx, run); err != nil {
			return err
		}
		if err := r.measureAfter(ctx, run); err != nil {
			return err
		}
	}
}

// next returns the run to take: one that a crash interrupted, else the oldest queued.
func (r *Reconciler) next(ctx context.Context, key aloft.EnvironmentKey) (aloft.Run, bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment,
		Statuses: []aloft.RunStatus{aloft.RunRunning, aloft.RunQueued},
	})
	if err != nil || len(runs) == 0 {
		return aloft.Run{}, false, err
	}
	oldest := runs[len(runs)-1]
	for _, run := range runs {
		if run.Status == aloft.RunRunning {
			return run, true, nil
		}
	}
	return oldest, true, nil
}

// carryOut takes a run from its start to its end, or to where it must wait.
func (r *Reconciler) carryOut(ctx context.Context, run aloft.Run) error {
	interrupted := run.Status == aloft.RunRunning
	ctx, cancel := context.WithCancelCause(ctx)
	r.track(run.ID, cancel) // first, so that whoever finds the run running can cancel it
	defer r.track(run.ID, nil)
	defer cancel(nil)
	again := againApproval
	if interrupted {
		again = againRestart
	}
	run, err := r.store.UpdateRun(ctx, run.ID, func(u *aloft.Run) error {
		u.Status = aloft.RunRunning
		if u.StartedAt.IsZero() {
			u.StartedAt = r.now()
		}
		return nil
	})
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return nil // it was canceled or superseded a moment ago
	}
	if err != nil {
		return err
	}
	log, err := r.logs.open(run.ID)
	if err != nil {
		return err
	}
	defer log.close(false)
	trace := r.pipeline.openTrace(run.ID, again, log.hide)
	starting := trace.root().begin("start", "records, log")
	j, err := r.journey(ctx, run, log)
	if err != nil {
		return err
	}
	j.recorder.trace = trace
	secrets, err := r.pipeline.secrets(ctx, run.EnvironmentKey)
	if err != nil {
		return err
	}
	log.mask(secrets...)
	voice := j.recorder.voice
	voice.headline("%s", describeRun(run))
	if interrupted {
		voice.detail("the run was cut off: it starts over from what is there")
		if err := r.pipeline.awaitOrphan(ctx, run.EnvironmentKey, voice.detail); err != nil {
			return err
		}
		if err := r.releaseLocks(ctx, run, voice); err != nil {
			return err
		}
	}
	reached, err := r.operate(ctx, j, starting)
	return r.finish(ctx, j, reached, err)
}

// releaseLocks frees the states that a run locked before it was cut off.
func (r *Reconciler) releaseLocks(ctx context.Context, run aloft.Run, voice *voice) error {
	if r.pipeline.States == nil {
		return nil
	}
	keys, err := r.pipeline.States.UnlockRun(ctx, run.ID)
	for _, key := range keys {
		voice.detail("released the lock that it had on the state of %s", key)
	}
	return err
}

// operate starts the environment moving and takes the steps of the operation.
func (r *Reconciler) operate(ctx context.Context, j journey, starting *span) (outcome, error) {
	err := r.permit(ctx, j)
	if err == nil {
		err = r.start(ctx, j, starting)
	}
	starting.ended(err)
	if err != nil || j.done() {
		return outcome{}, err
	}
	return r.pipeline.operate(ctx, j)
}

// done reports whether the run had reached its end before the server stopped.
func (j journey) done() bool {
	return j.run.Operation == aloft.OperationDestroy && j.environment.Status == aloft.EnvironmentDestroyed
}

// start starts the environment moving.
func (r *Reconciler) start(ctx context.Context, j journey, starting *span) error {
	if j.run.Operation == aloft.OperationPlan || j.done() {
		return nil
	}
	if err := r.overtaken(ctx, j.run); err != nil {
		return err
	}
	if err := r.move(ctx, j.run, busy(j)); err != nil {
		return err
	}
	if j.run.Operation != aloft.OperationDestroy {
		r.bringBack(ctx, j, starting)
	}
	return nil
}

// busy is the status of an environment while the run is on its way.
func busy(j journey) aloft.EnvironmentStatus {
	if j.run.Operation == aloft.OperationDestroy {
		return aloft.EnvironmentDestroying
	}
	switch j.environment.Status {
	case aloft.EnvironmentCreating, aloft.EnvironmentFailed, aloft.EnvironmentDestroyed:
		return aloft.EnvironmentCreating
	}
	return aloft.EnvironmentUpdating
}

func (r *Reconciler) move(ctx context.Context, run aloft.Run, status aloft.EnvironmentStatus) error {
	_, err := r.store.UpdateEnvironment(ctx, run.EnvironmentKey, func(e *aloft.Environment) error {
		e.Status, e.Reason = status, ""
		return nil
	})
	return err
}

// journey equips a run: records go to the store, words to the log.
func (r *Reconciler) journey(ctx context.Context, run aloft.Run, log *liveLog) (journey, error) {
	environment, err := r.store.Environment(ctx, run.EnvironmentKey)
	if aloft.ErrorCode(err) == aloft.CodeNotFound && run.Operation == aloft.OperationPlan {
		environment, err = aloft.Environment{EnvironmentKey: run.EnvironmentKey}, nil
	}
	background := context.WithoutCancel(ctx)
	return journey{
		run:         run,
		environment: environment,
		latest: func(ctx context.Context) (string, error) {
			return r.latest(ctx, r.pipeline.Repository(run.Project), run.EnvironmentKey)
		},
		mask: log.mask,
		hide: log.hide,
		recorder: &recorder{
			runID:  run.ID,
			voice:  &voice{out: log},
			logger: r.logger,
			put: func(s aloft.Step) error {
				s.Reason = log.hide(s.Reason)
				return r.store.PutStep(background, s)
			},
		},
		update: func(change func(*aloft.Environment)) error {
			_, err := r.store.UpdateEnvironment(background, run.EnvironmentKey, func(e *aloft.Environment) error {
				change(e)
				return nil
			})
			return err
		},
	}, err
}

func (r *Reconciler) track(id int64, cancel context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel == nil {
		delete(r.cancels, id)
		return
	}
	r.cancels[id] = cancel
}

// describeRun is the headline of a run.
func describeRun(run aloft.Run) string {
	text := fmt.Sprintf("%s %s: %s", run.Project, run.Branch(), run.Operation)
	if run.Revision != "" {
		text += " " + short(run.Revision)
	}
	if run.Title != "" {
		text += fmt.Sprintf(" %q", firstLine(run.Title))
	}
	return text + fmt.Sprintf(" (run %d)", run.ID)
}

// stopping reports whether ctx ended because the server stops, and not the run.
func stopping(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), errCanceled)
}

// interruption is why a run was cut off that will be taken again.
func interruption(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errStopping
}

// took writes how long a run took so far.
func (r *Reconciler) took(run aloft.Run) string { return aloft.Seconds(r.now().Sub(run.StartedAt)) }

// joinURLs writes the URLs of apps, one a line.
func joinURLs(urls map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		b.WriteString(urls[name] + "\n")
	}
	return b.String()
}
