package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// querier is a pool or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// row is a result that can be scanned once.
type row interface{ Scan(dest ...any) error }

// change is a transaction that changes records; none other does so meanwhile.
type change struct {
	*sql.Tx
	now    time.Time // in whole milliseconds, as it is kept
	events []Event   // to be told once the change holds
	woken  bool      // an environment was put in the queue
}

func (c *change) tell(e Event) { c.events = append(c.events, e) }

func (c *change) exec(ctx context.Context, query string, args ...any) error {
	_, err := c.ExecContext(ctx, query, args...)
	return err
}

// change runs do in a transaction: all of it holds, or nothing does. On a full
// disk it gives up the reserve and runs do once more.
func (s *Store) change(ctx context.Context, do func(*change) error) error {
	c := &change{now: whole(s.clock())}
	err := s.transact(ctx, c, do)
	if full(err) && s.db.reserve.giveUp() {
		c = &change{now: c.now}
		err = s.transact(ctx, c, do)
	}
	if err != nil {
		return canceled(ctx, err)
	}
	if c.woken {
		s.bell.ring()
	}
	s.events.publish(c.events)
	return nil
}

func (s *Store) transact(ctx context.Context, c *change, do func(*change) error) (err error) {
	if c.Tx, err = s.db.write.BeginTx(ctx, nil); err != nil {
		return err
	}
	query := func(ctx context.Context, query string, args ...any) row {
		return c.QueryRowContext(ctx, query, args...)
	}
	if err := s.db.lease.confirm(ctx, query); err != nil {
		return errors.Join(err, rollback(c.Tx))
	}
	if err := do(c); err != nil {
		return errors.Join(err, rollback(c.Tx))
	}
	return c.Commit()
}

// canceled makes sure that err tells when ctx ended, whatever the database made of it.
func canceled(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// list returns every row of a query, never nil.
func list[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (found []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, canceled(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found = []T{}
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, item)
	}
	if err := rows.Err(); err != nil {
		return nil, canceled(ctx, err)
	}
	return found, nil
}

// count returns the one number that a query yields.
func count(ctx context.Context, q querier, query string, args ...any) (n int64, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}
