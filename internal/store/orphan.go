package store

import (
	"context"
	"slices"
	"sync"

	"github.com/riverqueue/river/rivertype"
)

// orphans finds jobs that are recorded as running and run nowhere: their end
// could not be recorded, because the database was away. Since a job is running
// for a moment before its worker has it, only one that was found twice in a row
// is an orphan.
type orphans struct {
	mu      sync.Mutex
	working []int64 // jobs that a worker has
	suspect []int64 // jobs that no worker had at the last look
}

func (o *orphans) begin(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.working = append(o.working, id)
}

func (o *orphans) end(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.working = slices.DeleteFunc(o.working, func(other int64) bool { return other == id })
}

// found takes the jobs that are recorded as running and returns the orphans.
func (o *orphans) found(running []int64) []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	idle := slices.DeleteFunc(running, func(id int64) bool { return slices.Contains(o.working, id) })
	sure := slices.DeleteFunc(slices.Clone(idle), func(id int64) bool { return !slices.Contains(o.suspect, id) })
	o.suspect = idle
	return sure
}

// adopt makes the orphans available again.
func (w *worker) adopt(ctx context.Context) error {
	return w.store.change(ctx, func(c *change) error {
		running, err := list(ctx, c, scanInt, `SELECT id FROM river_job WHERE state = 'running' AND kind = $1`, reconcileArgs{}.Kind())
		if err != nil {
			return err
		}
		for _, id := range w.orphans.found(running) {
			c.woken = true
			w.logger.Warn("a reconciliation had lost its worker", "job", id, "becomes", rivertype.JobStateAvailable)
			if err := c.exec(ctx, `UPDATE river_job SET state = 'available' WHERE id = $1 AND state = 'running'`, id); err != nil {
				return err
			}
		}
		return nil
	})
}
