package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// lines is a writer that hands over line by line what it is given.
func lines(t *testing.T, work func(w io.Writer) error) (next func() string, wait func() error) {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := work(w)
		w.Close()
		done <- err
	}()
	scanner := bufio.NewScanner(r)
	t.Cleanup(func() { r.Close() })
	return func() string { scanner.Scan(); return scanner.Text() }, func() error { return <-done }
}

func TestRunLogIsStreamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	next, wait := lines(t, func(w io.Writer) error { return h.client().RunLog(t.Context(), 1, true, w) })
	equal(t, "first line", next(), "=====> run 1")
	h.runs.more <- "-----> build\n"
	equal(t, "next line, while the run goes on", next(), "-----> build")
	close(h.runs.more)
	equal(t, "end", wait(), nil)
}

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	t.Run("a log that breaks off is not taken for whole", func(t *testing.T) {
		h := newHouse(t)
		next, wait := lines(t, func(w io.Writer) error { return h.client().RunLog(t.Context(), 1, true, w) })
		equal(t, "first line", next(), "=====> run 1")
		h.runs.more <- "break"
		if err := wait(); aloft.ErrorCode(err) != aloft.CodeUnavailable || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a backup that stops says why", func(t *testing.T) {
		h := newHouse(t)
		h.backups.broken = aloft.Errorf(aloft.CodeFailed, "the disk of\n\"Zoë\" is full").WithHint("make room")
		err := h.client().Backup(t.Context(), io.Discard)
		if aloft.ErrorCode(err) != aloft.CodeFailed || err.Error() != "the disk of\n\"Zoë\" is full" || aloft.ErrorHint(err) != "make room" {
			t.Errorf("%v", err)
		}
		response, _ := h.request(t, "GET", api.Base+"/backup", "")
		if _, err := io.Copy(io.Discard, response.Body); err == nil {
			t.Error("who does not ask for the reason takes half of it for a whole one")
		}
	})
	t.Run("the reader goes away", func(t *testing.T) {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		next, wait := lines(t, func(w io.Writer) error { return h.client().RunLog(ctx, 1, true, w) })
		equal(t, "first line", next(), "=====> run 1")
		cancel()
		if err := wait(); aloft.ErrorCode(err) != aloft.CodeCanceled || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestAppLogs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var w strings.Builder
	if err := h.client().Logs(t.Context(), alice, "web", 7, true, &w); err != nil {
		t.Fatal(err)
	}
	equal(t, "logs", w.String(), "shop/alice \"web\" lines=7 follow=true\n")
	response, _ := h.request(t, "GET", api.Base+"/projects/shop/environments/alice/logs", "")
	equal(t, "defaults", text(t, response.Body), "shop/alice \"\" lines=100 follow=false\n")
	equal(t, "type", response.Header.Get("Content-Type"), "text/plain; charset=utf-8")
}

func TestRunCommand(t *testing.T) {
	t.Parallel()
	t.Run("streams the output and ends with the exit code", func(t *testing.T) {
		h := newHouse(t)
		exit := 0
		next, wait := lines(t, func(w io.Writer) (err error) {
			exit, err = h.client().RunCommand(t.Context(), alice, "", []string{"slow", "a b"}, w)
			return err
		})
		equal(t, "the only app", next(), `web runs ["slow" "a b"]`)
		h.apps.more <- "caf\xc3"
		h.apps.more <- "\xa9\n"
		equal(t, "a character in two pieces", next(), "café")
		close(h.apps.more)
		equal(t, "end", wait(), nil)
		equal(t, "exit code", exit, 3)
	})
	t.Run("an error before the first output is a problem", func(t *testing.T) {
		h := newHouse(t)
		h.apps.fail = aloft.Errorf(aloft.CodeConflict, "nothing runs")
		_, err := h.client().RunCommand(t.Context(), alice, "web", []string{"x"}, io.Discard)
		equal(t, "code", aloft.ErrorCode(err), aloft.CodeConflict)
	})
	t.Run("an error later is the last line", func(t *testing.T) {
		h := newHouse(t)
		next, wait := lines(t, func(w io.Writer) error {
			_, err := h.client().RunCommand(t.Context(), alice, "web", []string{"slow"}, w)
			return err
		})
		next()
		h.apps.more <- "break"
		if err := wait(); aloft.ErrorCode(err) != aloft.CodeInternal || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
	t.Run("an environment without releases", func(t *testing.T) {
		_, err := newHouse(t).client().RunCommand(t.Context(), bob, "", []string{"x"}, io.Discard)
		equal(t, "code", aloft.ErrorCode(err), aloft.CodeConflict)
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan api.Event)
	ended := make(chan error)
	go func() { ended <- h.client().Events(ctx, func(e api.Event) { got <- e }) }()
	equal(t, "connected", <-got, api.Event{})
	h.events <- api.Event{Key: alice}
	equal(t, "environment", <-got, api.Event{Key: alice})
	h.events <- api.Event{Key: alice, RunID: 7}
	equal(t, "run", <-got, api.Event{Key: alice, RunID: 7})
	cancel()
	equal(t, "end", aloft.ErrorCode(<-ended), aloft.CodeCanceled)
}

func TestEventStreamForBrowsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.events <- api.Event{Key: alice}
	h.events <- api.Event{Key: alice, RunID: 7}
	close(h.events)
	request, _ := http.NewRequest("GET", h.url+api.Base+"/events", nil)
	request.AddCookie(login(h))
	response := do(t, request)
	equal(t, "type", response.Header.Get("Content-Type"), "text/event-stream")
	equal(t, "stream", text(t, response.Body), "retry: 1000\n: connected\n\n"+
		"event: environment\ndata: {\"project\":\"shop\",\"environment\":\"alice\"}\n\n"+
		"event: run\ndata: {\"project\":\"shop\",\"environment\":\"alice\",\"runID\":7}\n\n")
}

// FuzzCommandOutput sends output cut at two places: valid text must arrive as it was.
func FuzzCommandOutput(f *testing.F) {
	f.Add("plain", 1, 3)
	f.Add("café €uro 🙂", 4, 7)
	f.Add("🙂🙂", 2, 5)
	f.Add("\xf0\x9f", 1, 1)
	f.Fuzz(func(t *testing.T, output string, a, b int) {
		a, b = cut(a, len(output)), cut(b, len(output))
		a, b = min(a, b), max(a, b)
		if strings.Contains(output, "break") {
			t.Skip()
		}
		h := newHouse(t)
		go func() {
			h.apps.more <- output[:a]
			h.apps.more <- output[a:b]
			h.apps.more <- output[b:]
			close(h.apps.more)
		}()
		var w strings.Builder
		if _, err := h.client().RunCommand(t.Context(), alice, "web", []string{"slow"}, &w); err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(w.String(), "\n")
		if utf8.ValidString(output) && got != output {
			t.Errorf("%q arrived as %q", output, got)
		}
	})
}

func cut(n, length int) int {
	if n %= length + 1; n < 0 {
		return -n
	}
	return n
}

// TestStreamsOutliveTheirRequest: what limits how long a body may take must not
// limit the answer, which may go on for hours.
func TestStreamsOutliveTheirRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	answer := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	request := httptest.NewRequest("POST", "http://localhost"+api.Base+"/projects/shop/environments/alice/run", strings.NewReader(`{"args":["true"]}`))
	request.Header.Set("Authorization", "Bearer "+adminToken)
	h.server.ServeHTTP(answer, request)
	if answer.Code != 200 || !answer.last.IsZero() {
		t.Errorf("answered %d, and reading ends at %s", answer.Code, answer.last)
	}
}

// deadlines notes the last deadline for reading.
type deadlines struct {
	*httptest.ResponseRecorder
	last time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}
