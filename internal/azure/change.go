package azure

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// busyTime is how long Azure may be busy with the change before: a container
// app's ends after 15 minutes at the latest.
const busyTime = 16 * time.Minute

// busyCodes are refusals that say only: not now. azcore does not retry them.
var busyCodes = []string{
	"ContainerAppOperationInProgress", "ContainerAppLockConflict", "ContainerAppRevisionOperationInProgress",
	"AnotherOperationInProgress", "OperationInProgress", "ConcurrentOperation",
}

// change sends a call that changes something, and returns what goes on then.
func (c *client) change(ctx context.Context, x call, say func(format string, args ...any)) (*operation, error) {
	var body string
	response, err := c.patient(ctx, x, &body, say)
	if x.method == http.MethodDelete && hasStatus(err, http.StatusNotFound) {
		return &operation{done: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return c.follow(x, response, body), nil
}

// patient sends a call. While Azure is busy with an earlier change it waits and
// says so, for busyTime at most; this meets calls too that only read, by POST.
func (c *client) patient(ctx context.Context, x call, into any, say func(format string, args ...any)) (*http.Response, error) {
	end := c.clock.Now().Add(busyTime)
	for told := false; ; {
		response, err := c.send(ctx, x, into)
		if !isBusy(err) || !c.clock.Now().Before(end) {
			return response, err
		}
		if f, ok := errors.AsType[*failure](err); ok && !told {
			say("Azure is busy with an earlier change (%s): waiting", f.code)
			told = true
		}
		if err := c.clock.Sleep(ctx, pauseOf(response)); err != nil {
			return nil, err
		}
	}
}

func isBusy(err error) bool {
	if !hasStatus(err, http.StatusConflict) {
		return false
	}
	if hasCode(err, busyCodes...) {
		return true
	}
	// Sites have one code for all that conflicts: only their words tell.
	f, _ := errors.AsType[*failure](err)
	text := strings.ToLower(f.message)
	return hasCode(err, "Conflict", "") && (strings.Contains(text, "in progress") || strings.Contains(text, "another operation"))
}

// follow is the operation that an answer tells of.
func (c *client) follow(x call, response *http.Response, body string) *operation {
	o := &operation{
		client: c, doing: x.doing, pause: pauseOf(response),
		gone: x.method == http.MethodDelete, action: x.method == http.MethodPost,
		status: response.Header.Get("Azure-AsyncOperation"), location: response.Header.Get("Location"),
		resource: call{doing: x.doing, url: x.url, version: x.version},
	}
	o.due = c.clock.Now().Add(o.pause)
	accepted := response.StatusCode == http.StatusAccepted || response.StatusCode == http.StatusCreated
	o.done = !accepted && (o.action || o.gone || settledBody(body)) || o.action && o.status == "" && o.location == ""
	return o
}
