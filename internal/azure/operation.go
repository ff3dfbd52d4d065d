package azure

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How operations are followed. The SDK looks each 30 s; azd, Microsoft's own
// tool, went down to 5 s since that lost 25 s for each app.
const (
	usualPause   = 5 * time.Second
	longestPause = time.Minute
	mostLosses   = 3                // looks in a row without an answer, each of which azcore has tried for a while
	longestWait  = 30 * time.Minute // for an operation
	settleTime   = time.Minute      // until what was just made is seen everywhere
)

// operation is a change that Azure has accepted and goes on with.
type operation struct {
	client   *client
	doing    string
	status   string // URL of Azure-AsyncOperation; "" = none
	location string // URL of Location; "" = none
	resource call   // reads what is changed
	gone     bool   // it deletes: what is not found has ended well
	action   bool   // a POST: who asked for it looks at what came of it
	pause    time.Duration
	due      time.Time // before it is not looked again
	misses   int
	losses   int // looks in a row that got no answer
	done     bool
}

// provisioned is what a resource says of its own operation.
type provisioned struct {
	Properties struct {
		State string `json:"provisioningState"`
	} `json:"properties"`
}

// settledBody reports whether a resource in an answer is in no operation.
func settledBody(body string) bool {
	var resource provisioned
	if body != "" && json.Unmarshal([]byte(body), &resource) != nil {
		return false
	}
	return resource.Properties.State == "" || strings.EqualFold(resource.Properties.State, "Succeeded")
}

// pauseOf is how long to wait before looking again: what Azure says, else 5 s.
func pauseOf(response *http.Response) time.Duration {
	if response == nil {
		return usualPause
	}
	if ms, err := strconv.Atoi(response.Header.Get("x-ms-retry-after-ms")); err == nil && ms > 0 {
		return min(time.Duration(ms)*time.Millisecond, longestPause)
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, longestPause)
	}
	return usualPause
}

// wait follows the operation to its end.
func (o *operation) wait(ctx context.Context) error {
	if o.done {
		return nil
	}
	end := o.client.clock.Now().Add(longestWait)
	for {
		if err := o.client.clock.Sleep(ctx, o.pause); err != nil {
			return err
		}
		done, err := o.look(ctx)
		if done || err != nil {
			return err
		}
		if !o.client.clock.Now().Before(end) {
			return &failure{doing: o.doing, status: http.StatusOK, code: "OperationTimedOut",
				message: "Azure has not finished it after " + longestWait.String()}
		}
	}
}

// look asks once. A failed operation is a *failure with Azure's code.
func (o *operation) look(ctx context.Context) (done bool, err error) {
	if o.done {
		return true, nil
	}
	if o.client.clock.Now().Before(o.due) {
		return false, nil
	}
	defer func() { o.due = o.client.clock.Now().Add(o.pause) }()
	switch {
	case o.status != "" && o.client.own(o.status):
		o.done, err = o.lookAtStatus(ctx)
	case o.location != "" && o.client.own(o.location):
		o.done, err = o.lookAtLocation(ctx)
	default:
		o.done, err = o.lookAtResource(ctx)
	}
	if isLost(err) && o.losses < mostLosses {
		o.losses++ // it goes on, whether it can be seen or not
		return false, nil
	}
	o.losses = 0
	if !hasStatus(err, http.StatusNotFound) {
		return o.done, err
	}
	if o.gone {
		o.done = true
		return true, nil
	}
	// It may not be known everywhere yet, or be forgotten already: then what it
	// changes tells.
	switch o.misses++; {
	case o.misses <= 3:
		return false, nil
	case o.action:
		o.done, err = true, nil
	default:
		o.done, err = o.lookAtResource(ctx)
	}
	return o.done, err
}

func (o *operation) lookAtStatus(ctx context.Context) (done bool, err error) {
	var body struct {
		Status string    `json:"status"`
		Error  errorBody `json:"error"`
	}
	response, err := o.client.send(ctx, call{doing: o.doing, url: o.status}, &body)
	if err != nil {
		return false, err
	}
	o.pause = pauseOf(response)
	return o.verdict(body.Status, body.Error, response)
}

// lookAtLocation reads a Location, which answers 202 until it has ended. Its
// body may say more.
func (o *operation) lookAtLocation(ctx context.Context) (done bool, err error) {
	response, err := o.client.send(ctx, call{doing: o.doing, url: o.location}, nil)
	if err != nil {
		return false, err
	}
	o.pause = pauseOf(response)
	return response.StatusCode != http.StatusAccepted, nil
}

func (o *operation) lookAtResource(ctx context.Context) (done bool, err error) {
	var body provisioned
	response, err := o.client.send(ctx, o.resource, &body)
	if err != nil {
		return false, err
	}
	if body.Properties.State == "" {
		return true, nil
	}
	return o.verdict(body.Properties.State, errorBody{}, response)
}

// verdict judges the state of an operation or a resource. Words that are not
// known mean that it goes on.
func (o *operation) verdict(state string, said errorBody, response *http.Response) (done bool, err error) {
	switch strings.ToLower(state) {
	case "succeeded":
		return true, nil
	case "failed", "canceled", "cancelled":
		message := said.Message
		if message == "" {
			message = "the operation ended as " + strings.ToLower(state)
		}
		return true, &failure{doing: o.doing, status: http.StatusOK, code: said.Code, message: plain(message), request: requestID(response)}
	}
	return false, nil
}

// readSoon reads what was just made: while it is not found it is looked for
// again, for settleTime.
func (c *client) readSoon(ctx context.Context, x call, into any) error {
	end := c.clock.Now().Add(settleTime)
	for {
		response, err := c.send(ctx, x, into)
		if !hasStatus(err, http.StatusNotFound) || !c.clock.Now().Before(end) {
			return err
		}
		if err := c.clock.Sleep(ctx, pauseOf(response)); err != nil {
			return err
		}
	}
}
