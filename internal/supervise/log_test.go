package supervise_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// texts returns the lines that processes wrote, without time and process.
func texts(log string) []string {
	var list []string
	for line := range strings.Lines(log) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(parts) == 3 && !strings.HasSuffix(parts[1], "aloft") {
			list = append(list, parts[2])
		}
	}
	return list
}

func logs(t *testing.T, s *supervise.Supervisor, app string, options supervise.LogOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Logs(t.Context(), alice, app, options, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	p := start(t, s, shell(t, `printf 'one\r\n'; head -c 100000 /dev/zero | tr '\0' x; echo; printf end`))
	awaitExit(t, p)
	log := logs(t, s, "web", supervise.LogOptions{})
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (web\.1|aloft) .+$`)
	for line := range strings.Lines(log) {
		if !form.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("line %.100q", line)
		}
	}
	got := texts(log)
	if len(got) != 4 || got[0] != "one" || len(got[1]) != 64<<10 || len(got[2]) != 100000-64<<10 || got[3] != "end" {
		t.Errorf("%d lines: %.200q", len(got), got)
	}
	if tail := p.Tail(2); len(tail) != 2 || tail[1] != "end" || len(tail[0]) > 64<<10 {
		t.Errorf("tail %.200q", tail)
	}
}

func TestLogRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, supervise.Options{Dir: dir, LogBytes: 10_000, LogFiles: 3})
	awaitExit(t, start(t, s, shell(t, "seq -f 'line %04g' 2000")))

	var size int64
	files, err := filepath.Glob(filepath.Join(dir, "shop", "alice", "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("files %v, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 30_000 {
		t.Errorf("the logs have %d bytes", size)
	}
	all := texts(logs(t, s, "web", supervise.LogOptions{}))
	for i, line := range all {
		if want := fmt.Sprintf("line %04d", 2000-len(all)+i+1); line != want {
			t.Fatalf("%q, want %q", line, want)
		}
	}
	if len(all) < 500 {
		t.Errorf("only %d lines are kept", len(all))
	}
	for _, lines := range []int{1, 2, 100, 300, len(all), 100_000} {
		got := strings.Count(logs(t, s, "web", supervise.LogOptions{Lines: lines}), "\n")
		if want := min(lines, len(all)+1); got != want { // and "ended"
			t.Errorf("asked for %d lines, got %d, want %d", lines, got, want)
		}
	}
}

func TestFollowAcrossRotation(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{LogBytes: 20_000, LogFiles: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &finder{text: "aloft web.1 ended", found: cancel}
	p := start(t, s, shell(t, "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done"))
	if err := s.Logs(ctx, alice, "web", supervise.LogOptions{Follow: true}, w); err != nil {
		t.Fatal(err)
	}
	awaitExit(t, p)
	got := texts(w.String())
	if len(got) == 0 || got[len(got)-1] != "3000" {
		t.Fatalf("%d lines, %.200q", len(got), got)
	}
	first := 3000 - len(got)
	for i, line := range got {
		if line != fmt.Sprint(first+i+1) {
			t.Fatalf("line %d is %q: a gap or an overlap", i, line)
		}
	}
}

func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	slow := &stuck{reading: make(chan struct{}), resume: make(chan struct{})}
	done := make(chan error, 1)
	p := start(t, s, shell(t, "mkfifo go; echo first; read line < go; seq 10000"))
	fifo := filepath.Join(p.Spec().Dir, "go")
	go func() { done <- s.Logs(t.Context(), alice, "web", supervise.LogOptions{Follow: true}, slow) }()
	<-slow.reading
	awaitLine(t, s, "web", "first")
	if err := os.WriteFile(fifo, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	awaitExit(t, p)
	close(slow.resume)
	if err := s.DeleteLogs(alice); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`… \d+ lines dropped`).MatchString(slow.String()) {
		t.Errorf("nothing about dropped lines in %d bytes", slow.Len())
	}
}

// stuck is a reader that waits for resume in its first write.
type stuck struct {
	bytes.Buffer
	reading, resume chan struct{}
	began           bool
}

func (w *stuck) Write(data []byte) (int, error) {
	if !w.began {
		w.began = true
		close(w.reading)
		<-w.resume
	}
	return w.Buffer.Write(data)
}

func TestLogsOfAllApps(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	for i, app := range []string{"web", "api", "web"} {
		spec := shell(t, fmt.Sprint("echo ", i))
		spec.App = app
		awaitExit(t, start(t, s, spec))
	}
	log := logs(t, s, "", supervise.LogOptions{})
	if got := strings.Join(texts(log), ","); got != "0,1,2" {
		t.Errorf("order %s", got)
	}
	if !strings.Contains(log, " api/web.1 1\n") || !strings.Contains(log, " web/web.1 2\n") {
		t.Errorf("log %s", log)
	}
}

func TestNoLogs(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	err := s.Logs(t.Context(), alice, "web", supervise.LogOptions{}, &bytes.Buffer{})
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("error %v", err)
	}
	err = s.Logs(t.Context(), alice, "../../x", supervise.LogOptions{}, &bytes.Buffer{})
	if aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Errorf("error %v", err)
	}
	if log := logs(t, s, "", supervise.LogOptions{}); log != "" {
		t.Errorf("log %q", log)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), 2)
	f.Add(bytes.Repeat([]byte("x"), 70_000), 1000)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		size = max(1, size)
		var got []byte
		write, flush := supervise.NewLines(func(line []byte) {
			if len(line) > 64<<10 || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("line of %d bytes", len(line))
			}
			got = append(got, line...)
		})
		for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			write(rest[:min(size, len(rest))])
		}
		flush()
		strip := func(b []byte) string { return strings.NewReplacer("\n", "", "\r", "").Replace(string(b)) }
		if strip(got) != strip(data) {
			t.Error("something was lost")
		}
	})
}

// slowly takes long over what is written first.
type slowly struct {
	once sync.Once
	bytes.Buffer
}

func (s *slowly) Write(data []byte) (int, error) {
	s.once.Do(func() { time.Sleep(time.Second) })
	return s.Buffer.Write(data)
}

func TestLastWordsReachASlowReader(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	w := &slowly{}
	if _, err := s.Run(t.Context(), shell(t, "echo first; sleep 0.1; echo last"), w); err != nil {
		t.Fatal(err)
	}
	if w.String() != "first\nlast\n" {
		t.Errorf("%q", w)
	}
}
