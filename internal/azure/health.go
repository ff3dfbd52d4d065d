package azure

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// oneAnswer bounds one question: what has scaled to zero starts while it is asked.
const oneAnswer = 60 * time.Second

func newVisitor(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: stay, Timeout: oneAnswer}
}

// question is the path that an app is asked for.
func (r Request) question() string {
	if path := r.App.Health.Value; path != "" {
		return "/" + strings.TrimPrefix(path, "/")
	}
	return "/"
}

// healthy reports whether a status is an answer of a healthy app.
func (r Request) healthy(status int) bool {
	if r.App.Health.Value == "" {
		return status > 0 && status < http.StatusInternalServerError
	}
	return status >= 200 && status < 400
}

// errStopped is Azure's page in the place of an app that does not run. It has a
// status with which an app might answer too.
var errStopped = errors.New("the answer is Azure's, that the app is stopped")

// stoppedPages are words of these pages: of App Service, and of container apps.
var stoppedPages = []string{"web app is stopped", "container app is stopped"}

// ask asks an app at one of its hosts and returns the status of the answer; 0 =
// none, with the cause.
func (t *Target) ask(ctx context.Context, r Request, base string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+r.question(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", "aloft-health")
	response, err := t.visits.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusNotFound {
		const enough = 8 << 10 // bytes
		page, _ := io.ReadAll(io.LimitReader(response.Body, enough))
		text := strings.ToLower(string(page))
		if slices.ContainsFunc(stoppedPages, func(words string) bool { return strings.Contains(text, words) }) {
			return 0, errStopped
		}
	}
	return response.StatusCode, nil
}

// Verify asks an app at its URL, once, as a browser would. It is CodeFailed when
// it does not answer as a healthy app does. When it does, what ran before is no
// longer needed warm: the slot of a web app is stopped.
func (t *Target) Verify(ctx context.Context, r Request) error {
	hosting, err := t.hosting(r)
	if err != nil {
		return err
	}
	if r.Output.URL == "" {
		return nil
	}
	status, err := t.ask(ctx, r, r.Output.URL)
	url := strings.TrimSuffix(r.Output.URL, "/") + r.question()
	if err != nil {
		return canceled(aloft.Errorf(aloft.CodeFailed, "%s does not answer: %w", url, err))
	}
	if !r.healthy(status) {
		return aloft.Errorf(aloft.CodeFailed, "%s answers with status %d", url, status).
			WithHint("`aloft env logs %s` shows what the app says", r.Key.Environment)
	}
	if verified, ok := hosting.(interface {
		verified(context.Context, Request) error
	}); ok {
		return explain(verified.verified(ctx, r))
	}
	return nil
}

// VerifyTime is how long an app may take to answer at its URL after Deploy has
// seen it healthy: until the traffic has moved everywhere.
func (t *Target) VerifyTime(r Request) time.Duration {
	if r.Output.Hosting == hostingContainerApp {
		return 2 * time.Minute
	}
	return 5 * time.Minute
}
