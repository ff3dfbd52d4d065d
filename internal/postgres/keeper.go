package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/aloft-dev/aloft"
)

// keeper keeps the server of a cluster running until it is told to stop.
type keeper struct {
	cluster cluster
	logger  *slog.Logger
	stop    context.CancelFunc
	ended   chan struct{} // closed when the server is down for good

	mu      sync.Mutex
	current *instance     // nil = not up
	err     error         // why it is not up, as far as known
	changed chan struct{} // closed at the next change
}

func startKeeper(c cluster, logger *slog.Logger) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{
		cluster: c, logger: logger, stop: stop,
		ended: make(chan struct{}), changed: make(chan struct{}),
	}
	go k.run(ctx)
	return k
}

// wait returns the running server as soon as there is one, or why there is none.
func (k *keeper) wait(ctx context.Context) (*instance, error) {
	for {
		current, changed, err := k.state()
		if current != nil {
			return current, nil
		}
		select {
		case <-changed:
		case <-k.ended:
			_, _, err := k.state()
			return nil, cannotRun(err)
		case <-ctx.Done():
			if err != nil {
				return nil, cannotRun(fmt.Errorf("%w: %w", context.Cause(ctx), err))
			}
			return nil, cannotRun(context.Cause(ctx))
		}
	}
}

func (k *keeper) state() (current *instance, changed <-chan struct{}, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current, k.changed, k.err
}

func cannotRun(err error) error {
	if aloft.ErrorHint(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	if err == nil {
		err = errors.New("it was stopped")
	}
	return aloft.Errorf(aloft.CodeUnavailable, "cannot run the PostgreSQL server: %w", err).
		WithHint("see what is missing: aloft doctor")
}

func (k *keeper) gaveUp() bool {
	select {
	case <-k.ended:
		return true
	default:
		return false
	}
}

func (k *keeper) set(current *instance, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current, k.err = current, err
	close(k.changed)
	k.changed = make(chan struct{})
}

// run starts the server, and again whenever it ends, with growing pauses
// between. It gives up when the server has
// never come up, or its data are gone.
func (k *keeper) run(ctx context.Context) {
	defer close(k.ended)
	unlock, err := lock(k.cluster.dir)
	if err != nil {
		k.set(nil, err)
		return
	}
	defer unlock()
	pause := pauses()
	for limit := firstLimit; ; limit = 0 {
		up, err := k.launch(ctx, limit)
		if err != nil {
			k.set(nil, err)
			return
		}
		k.cluster.fresh = false // one that is lost from now on is not made again
		since := time.Now()
		k.set(up, nil)
		select {
		case <-ctx.Done():
			k.set(nil, nil)
			up.process.stop()
			up.pool.Close()
			return
		case <-up.process.exited:
			k.set(nil, up.process.err)
			up.pool.Close()
		}
		k.logger.Warn("PostgreSQL server ended and is started again", "reason", up.process.err, "log", k.cluster.logFile())
		if time.Since(since) > stableAfter {
			pause.Reset()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause.NextBackOff()):
		}
	}
}

const (
	firstLimit  = 20 * time.Second // how long the first start is tried again
	stableAfter = time.Minute      // a server that lived so long may be restarted at once
)

func pauses() *backoff.ExponentialBackOff {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 50 * time.Millisecond
	pause.Multiplier = 2
	pause.MaxInterval = 15 * time.Second
	return pause
}

// launch tries until the server is up; a limit of 0 is none.
func (k *keeper) launch(ctx context.Context, limit time.Duration) (*instance, error) {
	attempt := func() (*instance, error) {
		up, err := k.cluster.launch(ctx)
		if code := aloft.ErrorCode(err); limit != 0 && (code == aloft.CodeUnavailable || code == aloft.CodeFailed) || code == aloft.CodeConflict {
			return nil, backoff.Permanent(err)
		}
		return up, err
	}
	return backoff.Retry(ctx, attempt, backoff.WithBackOff(pauses()), backoff.WithMaxElapsedTime(limit),
		backoff.WithNotify(func(err error, _ time.Duration) { k.set(nil, err) }))
}

// lock takes the cluster for this process, so that no two of them stop each
// other's server. The lock ends with the process.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, aloft.Errorf(aloft.CodeConflict, "another Aloft runs the PostgreSQL server in %s: %w", dir, err).
			WithHint("stop the other one, or give this one its own folder: aloft serve --data DIR")
	}
	return func() {
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // a child that is just being started still has the file
		file.Close()
	}, nil
}
