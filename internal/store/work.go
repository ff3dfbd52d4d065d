package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/aloft-dev/aloft"
)

// WorkOptions are what Work does, and how much of it at the same time.
type WorkOptions struct {
	// Workers is how many environments are reconciled at the same time; 0 = 4.
	Workers int
	// Reconcile brings an environment to what it should be; required. It is
	// called for one environment by one worker at a time. An error or a panic is
	// logged and it is called again, after 1 s at first, at the latest after 1
	// minute. It must return soon after ctx has ended; what it left is taken up
	// when Work is called again.
	Reconcile func(ctx context.Context, key aloft.EnvironmentKey) error
	// Sweep looks for what no event told. It is called at the start and then
	// each time Every (0 = never again) has gone by, but not while the sweep
	// before still runs. An error or a panic is logged. nil = none.
	Sweep  func(ctx context.Context) error
	Every  time.Duration
	Logger *slog.Logger // nil = slog.Default()
}

const defaultWorkers = 4

// How River looks for jobs. The bell tells of nearly all; the intervals are for
// those that became due by themselves.
const (
	fetchCooldown  = 2 * time.Millisecond
	fetchInterval  = 5 * time.Second
	jobsKeptFor    = time.Hour
	noTimeout      = time.Duration(-1)
	sweepWorkers   = 1
	firstRetry     = time.Second
	longestRetry   = time.Minute
	doublingsLimit = 6 // 2^6 s is more than the longest
)

// Work reconciles the environments that are woken until ctx ends; then it
// cancels the running reconciliations, waits for them and returns nil. When
// another server has taken the records over it does the same at once and returns
// CodeUnavailable. Reconciliations that an earlier server left in the middle are
// taken up at once. There can be one Work at a time.
func (s *Store) Work(ctx context.Context, o WorkOptions) error {
	if o.Reconcile == nil {
		return errors.New("cannot work: nothing reconciles")
	}
	if !s.working.CompareAndSwap(false, true) {
		return aloft.Errorf(aloft.CodeConflict, "cannot work: these records are already being worked on")
	}
	defer s.working.Store(false)
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if err := s.takeUp(ctx, o); err != nil {
		return fail(err, "take up the work")
	}
	w := &worker{store: s, reconcile: o.Reconcile, sweep: o.Sweep, logger: o.Logger}
	client, err := s.start(ctx, w, o)
	if err != nil {
		return fail(err, "start the workers")
	}
	lost := s.Lost(ctx)
	err = client.StopAndCancel(context.WithoutCancel(ctx))
	w.timers.stop()
	if lost != nil {
		return lost
	}
	return fail(err, "stop the workers")
}

// startAttempts is how often River may try to start. It grants itself 10 seconds,
// which its few writes may miss while many others queue for the one writer.
const startAttempts = 6

func (s *Store) start(ctx context.Context, w *worker, o WorkOptions) (*river.Client[*sql.Tx], error) {
	for attempt := 1; ; attempt++ {
		client, err := s.client(w, o)
		if err == nil {
			err = client.Start(context.WithoutCancel(ctx))
		}
		if err == nil || attempt == startAttempts || ctx.Err() != nil {
			return client, err
		}
		o.Logger.Warn("the run queue does not start yet", "attempt", attempt, "error", err)
	}
}

// takeUp makes every unfinished job available, whatever server had it, and
// orders the first sweep.
func (s *Store) takeUp(ctx context.Context, o WorkOptions) error {
	return s.change(ctx, func(c *change) error {
		err := c.exec(ctx, `UPDATE river_job SET state = 'available', attempt = 0 WHERE state = 'running'`)
		if err != nil {
			return err
		}
		waiting, err := list(ctx, c, scanInt, `SELECT id FROM river_job WHERE state IN ('available', 'retryable', 'scheduled')`)
		if err != nil {
			return err
		}
		for _, id := range waiting {
			if _, err := s.queue.JobRetryTx(ctx, c.Tx, id); err != nil {
				return err
			}
		}
		if o.Sweep == nil {
			return c.exec(ctx, `DELETE FROM river_job WHERE kind = $1`, sweepArgs{}.Kind())
		}
		_, err = s.queue.InsertTx(ctx, c.Tx, sweepArgs{}, nil)
		return err
	})
}

func (s *Store) client(w *worker, o WorkOptions) (*river.Client[*sql.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(w.reconcileJob))
	config := &river.Config{
		CompletedJobRetentionPeriod: jobsKeptFor,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchInterval,
		JobTimeout:                  noTimeout,
		Logger:                      quiet(o.Logger),
		Queues:                      map[string]river.QueueConfig{queueReconcile: {MaxWorkers: o.Workers}},
		RetryPolicy:                 backOff{},
		Workers:                     workers,
	}
	if o.Sweep != nil {
		river.AddWorker(workers, river.WorkFunc(w.sweepJob))
		config.Queues[queueSweep] = river.QueueConfig{MaxWorkers: sweepWorkers, FetchPollInterval: sweepInterval(o.Every)}
	}
	if o.Sweep != nil && o.Every > 0 {
		config.PeriodicJobs = []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(o.Every),
			func() (river.JobArgs, *river.InsertOpts) { return sweepArgs{}, nil }, nil)}
	}
	return river.NewClient(s.db.driver(s.bell), config)
}

// sweepInterval is how often River looks whether a sweep has become due.
func sweepInterval(every time.Duration) time.Duration {
	return min(max(every, time.Second), fetchInterval)
}

// backOff is when River tries again a job that could not even be recorded as failed.
type backOff struct{}

func (backOff) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(retryAfter(len(job.Errors) + 1))
}

// retryAfter is how long to wait after a number of failures in a row.
func retryAfter(failures int) time.Duration {
	return min(firstRetry<<min(failures-1, doublingsLimit), longestRetry)
}

func scanInt(r row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}
