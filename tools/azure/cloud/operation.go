package cloud

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// operation is a write or a removal that goes on after its answer.
type operation struct {
	id       string
	resource string
	location string
	writer   string // namespace, for its address
	started  time.Time
	ended    time.Time // zero = under way
	failure  *failure
	removal  bool
	lost     bool // its address answers 404: see Faults.LostOperations
	result   any  // body of the answer at the end of a Location; nil = the resource
}

// begin makes a resource busy until work has ended. The caller holds the lock.
func (q *request) begin(r *resource, removal bool, work func(context.Context) *failure) *operation {
	c := q.cloud
	op := &operation{
		id: newID(), resource: r.id, location: r.location(), writer: q.path.namespace(),
		started: time.Now(), removal: removal, lost: c.drawn(c.faults.LostOperations),
	}
	c.operations[op.id] = op
	r.running = op
	delay := c.faults.Delay
	c.goDo(func(ctx context.Context) {
		pause(ctx, delay)
		var failed *failure
		if work != nil {
			failed = work(ctx)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.end(op, r, failed)
	})
	return op
}

// end publishes how an operation went. The caller holds the lock.
func (c *Cloud) end(op *operation, r *resource, failed *failure) {
	op.ended, op.failure = time.Now(), failed
	if r.running == op {
		r.running = nil
	}
	c.options.Logger.Info("operation ended", "resource", op.resource, "removal", op.removal, "failure", failed)
	switch {
	case op.removal && failed == nil:
		c.erase(r.id)
	case c.hasState(r):
		r.properties()["provisioningState"] = "Succeeded"
		if failed != nil {
			r.properties()["provisioningState"] = "Failed"
		}
	}
}

func (c *Cloud) hasState(r *resource) bool {
	k := c.kindOf(r.kind)
	return k.stateful || k.writes == asyncOperation || k.writes == byState
}

// accepted puts on an answer where its operation is looked at.
func (q *request) accepted(a *answer, op *operation, how style) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	base := "https://" + managementHost + "/subscriptions/" + q.cloud.options.Subscription + "/providers/" + op.writer + "/locations/" + op.location
	switch how {
	case asyncOperation:
		a.header.Set("Azure-AsyncOperation", base+"/operationStatuses/"+op.id+"?api-version="+q.version)
	case location:
		a.header.Set("Location", base+"/operationResults/"+op.id+"?api-version="+q.version)
	case atOnce, byState:
		return a
	}
	q.hurry(a)
	return a
}

// hurry tells how soon to look again.
func (q *request) hurry(a *answer) {
	after := q.cloud.faults.RetryAfter
	if after == 0 {
		after = time.Second
	}
	setRetryAfter(a.header, after)
}

// operationStatus answers the address of an Azure-AsyncOperation: always 200
// while it is known, with a status in the body; a failed one too (ran: azcore
// 1.24.0).
func operationStatus(q *request) *answer {
	op := q.cloud.operations[q.path.name()]
	if op == nil || op.lost {
		return notFound("OperationNotFound", "The operation '%s' was not found.", q.path.name()).answer()
	}
	body := map[string]any{
		"id": q.path.id, "name": op.id, "resourceId": op.resource, "status": "InProgress", "startTime": stamp(op.started),
	}
	a := &answer{status: http.StatusOK, header: http.Header{}, body: body}
	switch {
	case op.ended.IsZero():
		q.hurry(a)
		return a
	case op.failure != nil:
		body["status"], body["error"] = "Failed", op.failure.body()["error"]
	default:
		body["status"] = "Succeeded"
	}
	body["endTime"] = stamp(op.ended)
	return a
}

// operationResult answers a Location: 202 until the end, then what the request
// itself would have answered.
func operationResult(q *request) *answer {
	op := q.cloud.operations[q.path.name()]
	switch {
	case op == nil || op.lost:
		return notFound("OperationNotFound", "The operation '%s' was not found.", q.path.name()).answer()
	case op.ended.IsZero():
		a := &answer{status: http.StatusAccepted, header: http.Header{"Location": {"https://" + managementHost + q.URL.RequestURI()}}}
		q.hurry(a)
		return a
	case op.failure != nil:
		return op.failure.answer()
	case op.result != nil:
		return &answer{status: http.StatusOK, body: op.result}
	}
	r := q.cloud.find(op.resource)
	if op.removal || r == nil {
		return &answer{status: http.StatusOK}
	}
	return &answer{status: http.StatusOK, body: q.cloud.shown(r)}
}

// shown returns what GET tells of a resource.
func (c *Cloud) shown(r *resource) map[string]any {
	body := copied(r.body).(map[string]any)
	if k := c.kindOf(r.kind); k.show != nil {
		k.show(c, body)
	}
	if c.faults.OtherCase {
		if id := text(body, "id"); id != "" {
			body["id"] = strings.Replace(id, "/resourceGroups/", "/resourcegroups/", 1)
		}
	}
	return body
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
