package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// defaultLease is for how long a server has the records without renewing that: a
// server that was killed delays the next one by so much.
const defaultLease = 8 * time.Second

// renewals is how often a lease is renewed within its length.
const renewals = 4

// lostError tells that the records are no longer this server's, for good.
type lostError struct{ error }

func (e lostError) Unwrap() error { return e.error }

func isLost(err error) bool {
	_, ok := errors.AsType[lostError](err)
	return ok
}

// holding is one server's hold on the records, as a kind of database keeps it.
// Its methods return a lostError when there is none any more.
type holding interface {
	// check makes sure, within the transaction that query belongs to, that the
	// records stay this server's until the transaction has ended, and lets no
	// other transaction of Aloft's change them meanwhile.
	check(ctx context.Context, query queryRow) error
	renew(ctx context.Context) error
	release() error
}

// queryRow asks for one row.
type queryRow func(ctx context.Context, query string, args ...any) row

// lease is a holding that is renewed until it is lost or released. When it ran
// out and could not be renewed, nobody knows whose the records are: what works
// on them has to pause until it is renewed or lost.
type lease struct {
	holding
	length time.Duration
	stop   context.CancelFunc
	kept   chan struct{} // closed when nothing is renewed any more

	lost context.Context // ends when another has the records; the cause tells
	lose context.CancelCauseFunc

	mu      sync.Mutex
	term    context.Context // ends when the lease has run out
	expire  context.CancelCauseFunc
	renewed chan struct{} // closed when a term begins after one that ran out
}

// errInDoubt is why work pauses.
var errInDoubt = errors.New("the records cannot be reached, and another server may have them by now")

func keepLease(h holding, length time.Duration) *lease {
	if length <= 0 {
		length = defaultLease
	}
	l := &lease{holding: h, length: length, kept: make(chan struct{})}
	l.lost, l.lose = context.WithCancelCause(context.Background())
	l.term, l.expire = context.WithCancelCause(l.lost)
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.keep(ctx)
	return l
}

func (l *lease) keep(ctx context.Context) {
	defer close(l.kept)
	tick := time.NewTicker(l.length / renewals)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.lost.Done():
			return
		case <-tick.C:
		}
		begun := time.Now()
		err := l.try(ctx)
		switch {
		case err == nil:
			last = begun
			l.begin()
		case isLost(err):
			l.lose(err)
		case time.Since(last) >= l.length:
			l.doubt()
		}
	}
}

// try renews the lease, or gives up in time for the next attempt.
func (l *lease) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.length/renewals)
	defer cancel()
	return l.renew(ctx)
}

// begin notes that the lease holds.
func (l *lease) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewed == nil {
		return
	}
	l.term, l.expire = context.WithCancelCause(l.lost)
	close(l.renewed)
	l.renewed = nil
}

// doubt notes that the lease has run out and could not be renewed.
func (l *lease) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewed == nil {
		l.renewed = make(chan struct{})
		l.expire(errInDoubt)
	}
}

// during waits until the lease holds and returns a context that ends with ctx,
// or when the lease has run out, or was lost.
func (l *lease) during(ctx context.Context) (context.Context, context.CancelCauseFunc, error) {
	for {
		l.mu.Lock()
		term, renewed := l.term, l.renewed
		l.mu.Unlock()
		if renewed == nil && l.lost.Err() == nil {
			held, cancel := context.WithCancelCause(ctx)
			forget := context.AfterFunc(term, func() { cancel(context.Cause(term)) })
			return held, func(err error) { forget(); cancel(err) }, nil
		}
		select {
		case <-renewed:
		case <-l.lost.Done():
			return nil, nil, context.Cause(l.lost)
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// confirm is check, and remembers when the lease is found to be lost.
func (l *lease) confirm(ctx context.Context, query queryRow) error {
	if l.lost.Err() != nil {
		return context.Cause(l.lost)
	}
	err := l.check(ctx, query)
	if isLost(err) {
		l.lose(err)
	}
	return err
}

// end stops renewing and lets others have the records.
func (l *lease) end() error {
	l.stop()
	<-l.kept
	return l.release()
}

// Lost waits until another server has the records, or they are no longer the
// ones that were opened, and says which. When ctx ends first it is nil.
func (s *Store) Lost(ctx context.Context) error {
	select {
	case <-s.db.lease.lost.Done():
		return context.Cause(s.db.lease.lost)
	case <-ctx.Done():
		return nil
	}
}
