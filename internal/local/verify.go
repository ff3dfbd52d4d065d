package local

import (
	"context"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

// VerifyTime is how long an app may take to answer at its URL once it is healthy.
const VerifyTime = 10 * time.Second

// Verify asks an app at its URL, through the proxy, as a browser on this machine
// would. It is CodeFailed when it does not answer as a healthy app does, and
// CodeNotFound when nothing of it runs.
func (l *Target) Verify(ctx context.Context, key aloft.EnvironmentKey, app string) error {
	r := l.present(place{key, app})
	if r == nil {
		return aloft.Errorf(aloft.CodeNotFound, "nothing of %s runs in %s", app, key)
	}
	if _, ok := r.target(); !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.healthTime())
	defer cancel()
	url := l.url(l.host(r.place)) + r.question()
	// The proxy's certificate is none of ours to judge: it is asked in plain HTTP.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.authority(r.place)+r.question(), nil)
	if err != nil {
		return aloft.Errorf(aloft.CodeInvalid, "cannot ask %s: %w", url, err)
	}
	request.Header.Set("User-Agent", "aloft-verify")
	response, err := l.visits.Do(request)
	if err != nil {
		return aloft.Errorf(aloft.CodeFailed, "%s does not answer: %w", url, err)
	}
	defer response.Body.Close()
	if !r.healthy(response.StatusCode) || response.Header.Get(proxy.PageHeader) == proxy.PageState {
		return aloft.Errorf(aloft.CodeFailed, "%s answers with status %d", url, response.StatusCode).
			WithHint("`aloft env logs %s` shows what the app says", key.Environment)
	}
	return nil
}
