package api

import (
	"context"

	"github.com/aloft-dev/aloft"
)

func groupPath(key aloft.EnvironmentKey) string { return environmentPath(key, "local", "group") }

func slotPath(key aloft.EnvironmentKey, app string) string {
	return environmentPath(key, "local", "apps", app)
}

func databasePath(key aloft.EnvironmentKey, name string) string {
	return environmentPath(key, "local", "databases", name)
}

// PutGroup makes the local group of an environment and returns its URL.
func (c *Client) PutGroup(ctx context.Context, key aloft.EnvironmentKey) (url string, err error) {
	group, err := ask[Group](ctx, c, "PUT", groupPath(key), nil)
	return group.URL, err
}

// Group returns the URL of the local group of an environment.
func (c *Client) Group(ctx context.Context, key aloft.EnvironmentKey) (url string, err error) {
	group, err := ask[Group](ctx, c, "GET", groupPath(key), nil)
	return group.URL, err
}

// DeleteGroup removes the local group of an environment with all in it.
func (c *Client) DeleteGroup(ctx context.Context, key aloft.EnvironmentKey) error {
	return c.tell(ctx, "DELETE", groupPath(key), nil)
}

// PutSlot makes or changes the slot of an app and returns it with its URL.
func (c *Client) PutSlot(ctx context.Context, slot aloft.Slot) (aloft.Slot, error) {
	return ask[aloft.Slot](ctx, c, "PUT", slotPath(slot.EnvironmentKey, slot.App), SlotRequest{
		Command: slot.Command, Variables: slot.Variables, Instances: slot.Instances,
		HealthPath: slot.HealthPath, MemoryLimit: slot.MemoryLimit,
	})
}

// Slot returns the slot of an app.
func (c *Client) Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	return ask[aloft.Slot](ctx, c, "GET", slotPath(key, app), nil)
}

// DeleteSlot removes the slot of an app.
func (c *Client) DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app string) error {
	return c.tell(ctx, "DELETE", slotPath(key, app), nil)
}

// PutDatabase makes a PostgreSQL database of an environment, or returns the one
// that is there.
func (c *Client) PutDatabase(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	return ask[aloft.Database](ctx, c, "PUT", databasePath(key, name), nil)
}

// Database returns a PostgreSQL database of an environment.
func (c *Client) Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	return ask[aloft.Database](ctx, c, "GET", databasePath(key, name), nil)
}

// DeleteDatabase drops a PostgreSQL database of an environment.
func (c *Client) DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name string) error {
	return c.tell(ctx, "DELETE", databasePath(key, name), nil)
}
