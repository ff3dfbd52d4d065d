package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strconv"

	"github.com/aloft-dev/aloft"
)

// Runs lists runs, newest first.
func (c *Client) Runs(ctx context.Context, filter aloft.RunFilter) ([]aloft.Run, error) {
	query := url.Values{}
	if filter.Project != "" {
		query.Set("project", filter.Project)
	}
	if filter.Environment != "" {
		query.Set("environment", filter.Environment)
	}
	for _, status := range filter.Statuses {
		query.Add("status", string(status))
	}
	if filter.Limit != 0 {
		query.Set("limit", strconv.Itoa(filter.Limit))
	}
	return ask[[]aloft.Run](ctx, c, "GET", "/runs?"+query.Encode(), nil)
}

// Run returns a run with its steps.
func (c *Client) Run(ctx context.Context, id int64) (RunDetails, error) {
	return ask[RunDetails](ctx, c, "GET", runPath(id), nil)
}

// RunLog writes the log of a run. With follow it returns when the run has ended.
func (c *Client) RunLog(ctx context.Context, id int64, follow bool, w io.Writer) error {
	return c.read(ctx, runPath(id, "log")+"?follow="+strconv.FormatBool(follow), w)
}

// Plan returns what a run would change.
func (c *Client) Plan(ctx context.Context, id int64) (aloft.Plan, error) {
	return ask[aloft.Plan](ctx, c, "GET", runPath(id, "plan"), nil)
}

// Trace tells where the time of a run went.
func (c *Client) Trace(ctx context.Context, id int64) (aloft.Trace, error) {
	return ask[aloft.Trace](ctx, c, "GET", runPath(id, "trace"), nil)
}

// CancelRun cancels a run.
func (c *Client) CancelRun(ctx context.Context, id int64) error {
	return c.tell(ctx, "POST", runPath(id, "cancel"), nil)
}

// ApproveRun approves the plan with that digest, if it is the one the run waits with.
func (c *Client) ApproveRun(ctx context.Context, id int64, digest string) error {
	return c.tell(ctx, "POST", runPath(id, "approve"), map[string]string{"digest": digest})
}

// StateVersions lists the versions of an environment's Terraform state, newest first.
func (c *Client) StateVersions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return ask[[]aloft.StateVersion](ctx, c, "GET", environmentPath(key, "states"), nil)
}

// StatesAside lists the versions that were deleted or refused, newest first.
func (c *Client) StatesAside(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return ask[[]aloft.StateVersion](ctx, c, "GET", environmentPath(key, "states-aside"), nil)
}

// StateLock tells who holds the lock of an environment's Terraform state. Nobody:
// CodeNotFound.
func (c *Client) StateLock(ctx context.Context, key aloft.EnvironmentKey) (aloft.Lock, error) {
	lock, err := ask[StateLock](ctx, c, "GET", environmentPath(key, "state-lock"), nil)
	return aloft.Lock{ID: lock.ID, Operation: lock.Operation, Who: lock.Who, Created: lock.Created, RunID: lock.RunID}, err
}

// State returns a version of an environment's Terraform state; 0 = the newest.
func (c *Client) State(ctx context.Context, key aloft.EnvironmentKey, version int64) ([]byte, error) {
	var state bytes.Buffer
	err := c.read(ctx, environmentPath(key, "states", strconv.FormatInt(version, 10)), &state)
	return state.Bytes(), err
}

// RestoreState makes an earlier Terraform state the newest.
func (c *Client) RestoreState(ctx context.Context, key aloft.EnvironmentKey, version int64) (aloft.StateVersion, error) {
	return ask[aloft.StateVersion](ctx, c, "POST", environmentPath(key, "states", strconv.FormatInt(version, 10), "restore"), nil)
}

// Events calls change for every change of an environment or a run, until ctx
// ends or the connection breaks, which is the error it returns. It calls
// change with a zero Event when it is connected: what was read before may be old.
func (c *Client) Events(ctx context.Context, change func(Event)) error {
	response, err := c.call(ctx, "GET", "/events", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	change(Event{})
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var message EventMessage
		if err := json.Unmarshal(data, &message); err != nil {
			return c.broken(ctx, err)
		}
		change(Event{message.EnvironmentKey, message.RunID})
	}
	if err = lines.Err(); err == nil {
		err = io.ErrUnexpectedEOF
	}
	return c.broken(ctx, err)
}
