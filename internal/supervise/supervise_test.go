package supervise_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

func TestExit(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	for _, test := range []struct {
		rule, script string
		want         supervise.Exit
		tail         []string
	}{
		{"a status is told", "echo out; echo err >&2; exit 3", supervise.Exit{Code: 3, Reason: "exit status 3"}, []string{"out", "err"}},
		{"success is an exit as well", "true", supervise.Exit{Reason: "exit status 0"}, []string{}},
		{"a signal is told", "kill -SEGV $$", supervise.Exit{Code: 139, Signal: "SIGSEGV", Reason: "killed by SIGSEGV (segmentation fault)"}, []string{}},
		{"a last line without end is kept", "printf 'no end'", supervise.Exit{Reason: "exit status 0"}, []string{"no end"}},
		{"children do not keep it alive", "sleep 1000 & exit 1", supervise.Exit{Code: 1, Reason: "exit status 1"}, []string{}},
		{"a child that left the group neither", "setsid sleep 1000 & exit 1", supervise.Exit{Code: 1, Reason: "exit status 1"}, []string{}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := start(t, s, shell(t, test.script))
			got := awaitExit(t, p)
			if got.At.IsZero() {
				t.Error("it has no time")
			}
			got.At = time.Time{}
			if got != test.want {
				t.Errorf("exit %+v, want %+v", got, test.want)
			}
			if tail := p.Tail(10); !slices.Equal(tail, test.tail) {
				t.Errorf("tail %q, want %q", tail, test.tail)
			}
			if p.PID() != 0 {
				t.Errorf("it has a process id")
			}
			p.Stop(t.Context(), 0)
			if left := s.Leftovers(alice); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	for _, test := range []struct {
		rule   string
		change func(*supervise.Spec)
		code   aloft.Code
		says   string
	}{
		{"a program that is not on its own PATH", func(s *supervise.Spec) { s.Args = []string{"sh"}; s.Env = []string{"PATH=/nowhere"} },
			aloft.CodeFailed, "there is no program sh on its PATH"},
		{"a program that is not there", func(s *supervise.Spec) { s.Args = []string{"./server"} }, aloft.CodeFailed, "./server is not a program"},
		{"a folder that is not there", func(s *supervise.Spec) { s.Dir = "/nowhere" }, aloft.CodeFailed, "/nowhere does not exist"},
		{"no command", func(s *supervise.Spec) { s.Args = nil }, aloft.CodeInvalid, "no command"},
		{"a name that would leave the folder of logs", func(s *supervise.Spec) { s.App = "../x" }, aloft.CodeInvalid, "app name"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			spec := shell(t, "true")
			test.change(&spec)
			_, err := s.Start(spec)
			if aloft.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v (%s), want %q (%s)", err, aloft.ErrorCode(err), test.says, test.code)
			}
		})
	}
	if list := s.Processes(aloft.EnvironmentKey{}); len(list) > 0 {
		t.Errorf("processes: %v", list)
	}
}

func TestEnvironmentIsComplete(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	spec := shell(t, "")
	spec.Args = []string{"env"}
	spec.Env = []string{"PATH=/usr/bin:/bin", "GREETING=hello", supervise.TagVariable + "=forged"}
	p := start(t, s, spec)
	awaitExit(t, p)
	got := p.Tail(50)
	if len(got) != 3 || !strings.HasPrefix(got[0], supervise.TagVariable+"=") || strings.Contains(got[0], "forged") {
		t.Errorf("environment %q", got)
	}
	if !strings.Contains(got[0], "/shop/alice/web/web.1/") {
		t.Errorf("tag %q", got[0])
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	stop := func(t *testing.T, script string, grace time.Duration) (supervise.Exit, []string) {
		t.Helper()
		p := start(t, s, shell(t, script))
		awaitLine(t, s, "web", "ready")
		p.Stop(t.Context(), grace)
		awaitExit(t, p)
		if left := s.Leftovers(alice); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if err := s.DeleteLogs(alice); err != nil {
			t.Error(err)
		}
		return p.Exit(), p.Tail(9)
	}
	t.Run("asks first", func(t *testing.T) {
		exit, tail := stop(t, "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done", time.Minute)
		if exit.Reason != "stopped" || !slices.Contains(tail, "bye") {
			t.Errorf("%v, %q", exit, tail)
		}
	})
	t.Run("lets children finish when their parent did not wait", func(t *testing.T) {
		exit, tail := stop(t, "sh -c \"trap 'echo child says bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done\"; true", time.Minute)
		if exit.Reason != "stopped" || !slices.Contains(tail, "child says bye") {
			t.Errorf("%v, %q", exit, tail)
		}
	})
	t.Run("asks children that left the group", func(t *testing.T) {
		exit, tail := stop(t, "setsid sh -c \"trap 'echo child says bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done\" & wait", time.Minute)
		if exit.Reason != "stopped" || !slices.Contains(tail, "child says bye") {
			t.Errorf("%v, %q", exit, tail)
		}
	})
	t.Run("kills after the grace", func(t *testing.T) {
		p := start(t, s, role(t, "stubborn"))
		awaitLine(t, s, "web", "ready")
		p.Stop(t.Context(), 10*time.Millisecond)
		if exit := awaitExit(t, p); exit.Signal != "SIGKILL" || !strings.Contains(exit.Reason, "still ran 10ms later") {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("kills at once when the context ends, and is idempotent", func(t *testing.T) {
		if err := s.DeleteLogs(alice); err != nil {
			t.Fatal(err)
		}
		p := start(t, s, role(t, "stubborn"))
		awaitLine(t, s, "web", "ready")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { p.Stop(ctx, time.Hour) })
		}
		group.Wait()
		if exit := awaitExit(t, p); exit.Signal != "SIGKILL" {
			t.Errorf("%+v", exit)
		}
		p.Stop(t.Context(), time.Hour)
	})
	t.Run("takes one app and leaves the others", func(t *testing.T) {
		web, other := shell(t, "sleep 1000"), shell(t, "sleep 1000")
		other.App = "web2"
		start(t, s, web)
		p := start(t, s, other)
		s.Stop(t.Context(), alice, "web", time.Minute)
		if list := s.Processes(alice); len(list) != 1 || list[0].App != "web2" || p.PID() == 0 {
			t.Errorf("%+v", list)
		}
		s.Stop(t.Context(), alice, "", time.Minute)
		if left := s.Leftovers(alice); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	p := start(t, s, shell(t, "echo life; exit 7"))
	awaitExit(t, p) // before it is kept alive: that counts as well
	if state := s.Processes(alice)[0].State; state != supervise.StateStopped {
		t.Errorf("state %s", state)
	}
	type event struct {
		supervise.Event
		seen supervise.Status // at that moment
	}
	events := make(chan event, 100)
	p.KeepAlive(func(e supervise.Event) { events <- event{e, p.Status()} })
	next := func() event {
		select {
		case e := <-events:
			return e
		case <-time.After(2 * time.Minute):
			t.Fatal("no event")
			return event{}
		}
	}
	first := next()
	if first.State != supervise.StateBackingOff || first.Exit.Code != 7 || first.Wait > 500*time.Millisecond {
		t.Errorf("first %+v", first)
	}
	if e := next(); e.State != supervise.StateRunning || e.Restarts != 1 {
		t.Errorf("restart %+v", e)
	}
	second := next()
	if second.State != supervise.StateBackingOff || second.Wait <= first.Wait {
		t.Errorf("pauses do not grow: %s, %s", first.Wait, second.Wait)
	}
	status := second.seen
	if status.State != supervise.StateBackingOff || status.Restarts != 1 || status.LastExit.Code != 7 {
		t.Errorf("%+v", status)
	}
	p.Stop(t.Context(), time.Minute) // in the pause: no life follows
	if list := s.Processes(alice); len(list) > 0 {
		t.Errorf("%+v", list)
	}
	if p.Status().State != supervise.StateStopped {
		t.Errorf("state %s", p.Status().State)
	}
}

func TestStopWhileRestarting(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			p := start(t, s, shell(t, "exit 1"))
			again := make(chan struct{}, 10)
			p.KeepAlive(func(e supervise.Event) {
				if e.State == supervise.StateRunning {
					again <- struct{}{}
				}
			})
			<-again
			p.Stop(t.Context(), time.Minute)
		})
	}
	group.Wait()
	if left := s.Leftovers(alice); len(left) > 0 || len(s.Processes(alice)) > 0 {
		t.Errorf("left: %v, %v", left, s.Processes(alice))
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	needLinux(t)
	s := open(t, supervise.Options{Processes: supervise.Limit{Max: 20, Hint: "start fewer"}})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		spec := role(t, "eat")
		spec.Memory = supervise.Limit{Max: 64 << 20, Hint: "raise it"}
		exit := awaitExit(t, start(t, s, spec))
		if !strings.HasPrefix(exit.Reason, "killed: over its memory limit of 64 MiB") || exit.Code != 137 || exit.Hint != "raise it" {
			t.Errorf("%+v", exit)
		}
	})
	t.Run("processes, also when they leave the group", func(t *testing.T) {
		t.Parallel()
		bob := shell(t, "for i in $(seq 30); do setsid sleep 1000 & done; wait")
		bob.Key.Environment = "bob"
		exit := awaitExit(t, start(t, s, bob))
		if !strings.HasPrefix(exit.Reason, "killed: it grew to ") || !strings.HasSuffix(exit.String(), "the limit of 20; start fewer") {
			t.Errorf("%+v", exit)
		}
		if left := s.Leftovers(bob.Key); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestListening(t *testing.T) {
	t.Parallel()
	needLinux(t)
	s := open(t, supervise.Options{})
	p := start(t, s, role(t, "listen"))
	line := awaitLine(t, s, "web", "listening")
	_, address, _ := strings.Cut(line, "listening ")
	if got := p.Listening(); !slices.Equal(got, []string{address}) {
		t.Errorf("listening %v, want %s", got, address)
	}
	status := s.Processes(alice)[0]
	if status.RSS == 0 || status.PID != p.PID() || status.State != supervise.StateStarting {
		t.Errorf("%+v", status)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := open(t, supervise.Options{})
	t.Run("hands on output and status", func(t *testing.T) {
		var out bytes.Buffer
		exit, err := s.Run(t.Context(), shell(t, "echo migrating; exit 4"), &out)
		if err != nil || exit.Code != 4 || out.String() != "migrating\n" {
			t.Errorf("%+v, %v, %q", exit, err, out.String())
		}
	})
	t.Run("is killed with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		exit, err := s.Run(ctx, shell(t, "echo ready; sleep 1000 & wait"), &finder{text: "ready", found: cancel})
		if aloft.ErrorCode(err) != aloft.CodeCanceled || exit.Reason != "stopped" {
			t.Errorf("%+v, %v", exit, err)
		}
		if left := s.Leftovers(alice); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
	t.Run("outlives its reader", func(t *testing.T) {
		read, write := io.Pipe()
		read.Close()
		exit, err := s.Run(t.Context(), shell(t, "seq 100000; exit 5"), write)
		if err != nil || exit.Code != 5 {
			t.Errorf("%+v, %v", exit, err)
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, supervise.Options{Dir: dir})
	for range 10 {
		start(t, s, shell(t, "sleep 1000")).KeepAlive(nil)
	}
	_, err := supervise.Open(supervise.Options{Dir: dir, Tag: dir})
	if aloft.ErrorCode(err) != aloft.CodeConflict {
		t.Errorf("a second supervisor in the folder: %v", err)
	}
	s.Close(t.Context())
	if left := s.Leftovers(alice); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := s.Start(shell(t, "true")); aloft.ErrorCode(err) != aloft.CodeUnavailable {
		t.Errorf("start after close: %v", err)
	}
	open(t, supervise.Options{Dir: dir})
}

func TestKilledServer(t *testing.T) {
	t.Parallel()
	needLinux(t)
	dir := t.TempDir()
	server := exec.Command(os.Args[0])
	server.Env = []string{roleVariable + "=server", "SUPERVISE_TEST_DIR=" + dir}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	awaitText(t, out, "ready")
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()

	before := tagged(t, dir)
	s := open(t, supervise.Options{Dir: dir})
	if after := tagged(t, dir); len(before) == 0 || len(after) > 0 {
		t.Errorf("before: %v, left: %v", before, after)
	}
	if left := s.Leftovers(alice); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
