package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

const slotColumns = `project, environment, app, command, variables, instances, health_path, memory_limit, url, creation`

// PutSlot inserts or replaces a slot. Its variables are sealed.
func (s *Store) PutSlot(ctx context.Context, slot aloft.Slot) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: slot.EnvironmentKey})
		return c.exec(ctx, `INSERT INTO slots (`+slotColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (project, environment, app) DO UPDATE SET command = excluded.command,
				variables = excluded.variables, instances = excluded.instances,
				health_path = excluded.health_path, memory_limit = excluded.memory_limit, url = excluded.url,
				creation = excluded.creation`,
			slot.Project, slot.Environment, slot.App, text(slot.Command),
			s.sealed(slot.Variables, slotSeal(slot.EnvironmentKey, slot.App)),
			slot.Instances, text(slot.HealthPath), slot.MemoryLimit, text(slot.URL), text(slot.Creation))
	})
	return fail(err, "record the slot of %s in %s", slot.App, slot.EnvironmentKey)
}

// Slot returns the slot of an app.
func (s *Store) Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	slot, err := s.scanSlot(s.db.read.QueryRowContext(ctx,
		`SELECT `+slotColumns+` FROM slots WHERE project = $1 AND environment = $2 AND app = $3`, key.Project, key.Environment, app))
	if errors.Is(err, sql.ErrNoRows) {
		err = missing("the slot of app %s in %s", app, key)
	}
	return slot, fail(err, "read the slot of %s in %s", app, key)
}

// Slots returns the slots of an environment, by app.
func (s *Store) Slots(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Slot, error) {
	slots, err := list(ctx, s.db.read, s.scanSlot,
		`SELECT `+slotColumns+` FROM slots WHERE project = $1 AND environment = $2 ORDER BY app`, key.Project, key.Environment)
	return slots, fail(err, "list the slots of %s", key)
}

// DeleteSlot forgets a slot. None is fine.
func (s *Store) DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app string) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `DELETE FROM slots WHERE project = $1 AND environment = $2 AND app = $3`, key.Project, key.Environment, app)
	})
	return fail(err, "delete the slot of %s in %s", app, key)
}

func slotSeal(key aloft.EnvironmentKey, app string) string { return "slot " + key.String() + "/" + app }

func (s *Store) scanSlot(r row) (aloft.Slot, error) {
	var slot aloft.Slot
	var variables []byte
	err := r.Scan(&slot.Project, &slot.Environment, &slot.App, &slot.Command, &variables, &slot.Instances,
		&slot.HealthPath, &slot.MemoryLimit, &slot.URL, &slot.Creation)
	if err != nil {
		return slot, err
	}
	return slot, s.unseal(variables, slotSeal(slot.EnvironmentKey, slot.App), &slot.Variables)
}
