package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/aloft-dev/aloft"
)

const (
	busyTime  = 2 * time.Minute  // how long a registry may be busy or away
	freshStep = 10 * time.Second // between tries while a right does not count yet
	longStep  = 30 * time.Second // the longest time between tries when a registry does not say it
)

// patiently tries until the image is there, something is final, or time is up.
// What was sent stays with the registry.
func (b *Builder) patiently(ctx context.Context, t *transfer) error {
	var refused, busy time.Duration // that were waited
	step := time.Second
	for {
		answers := &answers{next: b.options.Transport}
		err := t.try(ctx, answers)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return aloft.Errorf(aloft.CodeCanceled, "the push to %s was stopped: %w", t.destination.Repository, context.Cause(ctx))
		}
		pause := time.Duration(0)
		switch verdict(err) {
		case aloft.CodeForbidden:
			if refused >= t.destination.Fresh {
				return t.explain(err, answers)
			}
			if refused == 0 {
				t.say("the registry refuses, waiting until the right to push counts")
			}
			pause = freshStep
			refused += pause
		case aloft.CodeUnavailable:
			pause = max(step, answers.retryAfter())
			if busy += pause; busy > busyTime {
				return t.explain(err, answers)
			}
			step = min(2*step, longStep)
		default:
			return t.explain(err, answers)
		}
		if err := b.options.Wait(ctx, pause); err != nil {
			return aloft.Errorf(aloft.CodeCanceled, "the push to %s was stopped: %w", t.destination.Repository, err)
		}
	}
}

// verdict is the code of a failure: refused, not now, or final.
func verdict(err error) aloft.Code {
	if said, ok := errors.AsType[*aloft.Error](err); ok {
		return said.Code
	}
	answer, ok := errors.AsType[*transport.Error](err)
	if _, ours := errors.AsType[*fs.PathError](err); ours {
		return aloft.CodeFailed // a file of the artifact is not what it was
	}
	if !ok {
		return aloft.CodeUnavailable // no answer: a connection that broke, or was never made
	}
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return aloft.CodeForbidden
	case code == http.StatusNotFound:
		return aloft.CodeNotFound
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return aloft.CodeUnavailable
	}
	return aloft.CodeFailed
}

// explain tells people why a push failed, with the registry's own words and the
// number under which it keeps the request.
func (t *transfer) explain(err error, answers *answers) error {
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return err
	}
	request := ""
	if id := answers.request(); id != "" {
		request = fmt.Sprintf(" (request %s)", id)
	}
	code := verdict(err)
	said := aloft.Errorf(code, "cannot push to %s: %w%s", t.destination.Repository, err, request)
	switch code {
	case aloft.CodeForbidden:
		return said.WithHint("who pushes needs the right to push to this registry, from an address that it admits; a right that was just given takes minutes to count")
	case aloft.CodeNotFound:
		return said.WithHint("the registry does not know %s: check its name", t.repository.RepositoryStr())
	case aloft.CodeUnavailable:
		return said.WithHint("push again when %s answers: what was sent is kept there", t.repository.RegistryStr())
	}
	return said
}

// answers remembers what the last refusal of a server said besides its text.
type answers struct {
	next http.RoundTripper

	mu     sync.Mutex
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(request)
	if err == nil && response.StatusCode >= 400 && response.StatusCode != http.StatusNotFound {
		a.mu.Lock()
		a.header = response.Header.Clone()
		a.mu.Unlock()
	}
	return response, err
}

// retryAfter is how long a server wants to be left alone; 0 when it did not say.
// (A date instead of seconds is not read.)
func (a *answers) retryAfter() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, busyTime)
}

// request is the number of the request that was refused; "" when the server has none.
func (a *answers) request() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range []string{"X-Ms-Correlation-Request-Id", "X-Request-Id"} {
		if id := a.header.Get(name); id != "" {
			return id
		}
	}
	return ""
}
