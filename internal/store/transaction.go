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

// change runs do in a transaction: all of it holds, or nothing does.
func (s *Store) change(ctx context.Context, do func(*change) error) error {
	tx, err := s.db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	c := &change{Tx: tx, now: whole(s.clock())}
	if err := s.db.dialect.begin(ctx, tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	if err := do(c); err != nil {
		return errors.Join(err, rollback(tx))
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if c.woken {
		s.bell.ring()
	}
	s.events.publish(c.events)
	return nil
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
		return nil, err
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
	return found, rows.Err()
}

// count returns the one number that a query yields.
func count(ctx context.Context, q querier, query string, args ...any) (n int64, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}
