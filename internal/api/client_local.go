package api

import (
	"context"
	"net/url"

	"github.com/aloft-dev/aloft"
)

func groupPath(key aloft.EnvironmentKey) string { return environmentPath(key, "local", "group") }

func slotPath(key aloft.EnvironmentKey, app string) string {
	return environmentPath(key, "local", "apps", app)
}

func databasePath(key aloft.EnvironmentKey, name string) string {
	return environmentPath(key, "local", "databases", name)
}

// queryOfClaim writes what ClaimQuery reads.
func queryOfClaim(claim aloft.Claim) string {
	return "?" + url.Values{"creation": {claim.Creation}, "over": {claim.Over}}.Encode()
}

// queryOfCreation writes what CreationQuery reads.
func queryOfCreation(creation string) string {
	return "?" + url.Values{"creation": {creation}}.Encode()
}

// PutGroup makes the local group of an environment and returns it with its URL.
// It is CodeConflict where another creation made it.
func (c *Client) PutGroup(ctx context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error) {
	return ask[aloft.Group](ctx, c, "PUT", groupPath(key)+queryOfClaim(claim), nil)
}

// Group returns the local group of an environment.
func (c *Client) Group(ctx context.Context, key aloft.EnvironmentKey) (aloft.Group, error) {
	return ask[aloft.Group](ctx, c, "GET", groupPath(key), nil)
}

// DeleteGroup removes the local group of an environment, if it is of that creation.
func (c *Client) DeleteGroup(ctx context.Context, key aloft.EnvironmentKey, creation string) error {
	return c.tell(ctx, "DELETE", groupPath(key)+queryOfCreation(creation), nil)
}

// PutSlot makes or changes the slot of an app and returns it with its URL. It is
// CodeConflict where another creation made it.
func (c *Client) PutSlot(ctx context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error) {
	return ask[aloft.Slot](ctx, c, "PUT", slotPath(slot.EnvironmentKey, slot.App)+queryOfClaim(claim), SlotRequest{
		Command: slot.Command, Variables: slot.Variables, Instances: slot.Instances,
		HealthPath: slot.HealthPath, MemoryLimit: slot.MemoryLimit,
	})
}

// Slot returns the slot of an app.
func (c *Client) Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	return ask[aloft.Slot](ctx, c, "GET", slotPath(key, app), nil)
}

// DeleteSlot removes the slot of an app, if it is of that creation.
func (c *Client) DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app, creation string) error {
	return c.tell(ctx, "DELETE", slotPath(key, app)+queryOfCreation(creation), nil)
}

// PutDatabase makes a PostgreSQL database of an environment, or returns the one
// that this creation made. It is CodeConflict where another creation made it.
func (c *Client) PutDatabase(ctx context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error) {
	return ask[aloft.Database](ctx, c, "PUT", databasePath(key, name)+queryOfClaim(claim), nil)
}

// Database returns a PostgreSQL database of an environment.
func (c *Client) Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	return ask[aloft.Database](ctx, c, "GET", databasePath(key, name), nil)
}

// DeleteDatabase drops a PostgreSQL database of an environment, if it is of that
// creation.
func (c *Client) DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name, creation string) error {
	return c.tell(ctx, "DELETE", databasePath(key, name)+queryOfCreation(creation), nil)
}
