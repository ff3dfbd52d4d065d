package azure

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft"
)

// teller is a hosting that tells what its apps say.
type teller interface {
	logs(ctx context.Context, r Request, lines int, follow bool, w io.Writer) error
}

// Logs writes the last lines of what serves, and with follow what comes until ctx
// ends. What does not run says nothing: CodeNotFound.
func (t *Target) Logs(ctx context.Context, r Request, lines int, follow bool, w io.Writer) error {
	h, err := t.hosting(r)
	if err != nil {
		return err
	}
	err = h.(teller).logs(ctx, r, lines, follow, &lockedWriter{w: w})
	if follow && ctx.Err() != nil {
		return nil // that is how following ends
	}
	return explain(err)
}

// lockedWriter is written to by several replicas at a time.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}

func (h containerApps) logs(ctx context.Context, r Request, lines int, follow bool, w io.Writer) error {
	a, err := h.open(ctx, r)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		replicas, err := a.replicas(ctx, a.serving())
		if err != nil {
			return err
		}
		if first && len(containersOf(replicas)) == 0 && !follow {
			return aloft.Errorf(aloft.CodeNotFound, "%s says nothing: no copy of it runs", r.App.Name).
				WithHint("it starts when its URL is asked; Log Analytics keeps what it said before")
		}
		if err := a.streamAll(ctx, replicas, lines, follow, w); err != nil || !follow {
			return err
		}
		// Replicas come and go: what comes next is told from its beginning on.
		lines = lastLines
		if err := h.options.Clock.Sleep(ctx, lookPause); err != nil {
			return err
		}
		if err := a.read(ctx); err != nil {
			return err
		}
	}
}

// streamAll reads the logs of all replicas at a time, each line after the name of
// its replica when there are several.
func (a *containerApp) streamAll(ctx context.Context, replicas []replica, lines int, follow bool, w io.Writer) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range replicas {
		for _, c := range r.Properties.Containers {
			if c.Stream == "" {
				continue
			}
			out := w
			if len(replicas) > 1 {
				out = labeled{label: r.Name[strings.LastIndex(r.Name, "-")+1:] + ": ", w: w}
			}
			group.Go(func() error { return a.stream(ctx, a.id, c.Stream, lines, follow, out) })
		}
	}
	return group.Wait()
}

// labeled writes a label before each line.
type labeled struct {
	label string
	w     io.Writer
}

func (l labeled) Write(line []byte) (int, error) {
	if _, err := io.WriteString(l.w, l.label+string(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

func (h webApps) logs(ctx context.Context, r Request, lines int, follow bool, w io.Writer) error {
	s, err := h.site(ctx, r, "")
	if err != nil {
		return err
	}
	if !follow {
		return s.lastLines(ctx, lines, w)
	}
	scm, err := s.scm()
	if err != nil {
		return err
	}
	body, err := s.client.open(ctx, call{doing: "follow the log of " + s.label, url: scm + "/api/logstream"})
	if err != nil {
		return err
	}
	defer body.Close()
	return copyLines(w, body)
}

func (h functions) logs(ctx context.Context, r Request, lines int, follow bool, w io.Writer) error {
	return webApps(h).logs(ctx, r, lines, follow, w)
}

// open sends a call whose answer is read while it comes.
func (c *client) open(ctx context.Context, x call) (io.ReadCloser, error) {
	request, err := c.request(ctx, x)
	if err != nil {
		return nil, err
	}
	runtime.SkipBodyDownload(request)
	response, err := c.pipeline.Do(request)
	if err != nil {
		return nil, unreached(x.doing, request.Raw().URL, err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	return nil, failureOf(x.doing, response, body)
}

// streamTime bounds a stream that is not followed: Azure may keep it open.
const streamTime = 15 * time.Second
