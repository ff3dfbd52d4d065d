package store

import (
	"context"
	"errors"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// fence lets River take and complete jobs only while the records are this
// server's: another server that has them works the same jobs.
type fence struct {
	riverdriver.Executor
	lease *lease
}

// JobGetAvailable takes jobs.
func (f *fence) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) (taken *riverdriver.JobGetAvailableResult, err error) {
	err = f.within(ctx, func(tx riverdriver.ExecutorTx) error {
		taken, err = tx.JobGetAvailable(ctx, params)
		return err
	})
	return taken, err
}

// JobSetStateIfRunningMany says how jobs ended.
func (f *fence) JobSetStateIfRunningMany(ctx context.Context, params *riverdriver.JobSetStateIfRunningManyParams) (jobs []*rivertype.JobRow, err error) {
	err = f.within(ctx, func(tx riverdriver.ExecutorTx) error {
		jobs, err = tx.JobSetStateIfRunningMany(ctx, params)
		return err
	})
	return jobs, err
}

// Begin begins a transaction of River's own.
func (f *fence) Begin(ctx context.Context) (riverdriver.ExecutorTx, error) {
	tx, err := f.Executor.Begin(ctx)
	if err != nil {
		return nil, err
	}
	query := func(ctx context.Context, query string, args ...any) row { return tx.QueryRow(ctx, query, args...) }
	if err := f.lease.confirm(ctx, query); err != nil {
		if isLost(err) {
			err = errors.Join(err, context.Canceled) // River does not try again
		}
		return nil, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx, nil
}

func (f *fence) within(ctx context.Context, do func(riverdriver.ExecutorTx) error) error {
	tx, err := f.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx.Commit(ctx)
}
