package supervise_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// bomb forks as fast as it can, each child in a session of its own.
const bomb = `
import os
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
`

func TestForkBomb(t *testing.T) {
	t.Parallel()
	needLinux(t)
	type bombing struct{ rule, program, text string }
	tests := []bombing{{"of a shell", "sh", "b() { b | b; }; b"}}
	if os.Geteuid() == 0 { // only control groups hold it, see docs/limits.md
		tests = append(tests, bombing{"of a program whose children leave the session", "python3", bomb})
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := open(t, supervise.Options{Processes: supervise.Limit{Max: 20, Hint: "allow more"}})
			calm := shell(t, "echo ready; sleep 1000")
			calm.Key.Environment = "bob"
			bob := start(t, s, calm)
			spec := shell(t, "")
			spec.Args = []string{test.program, "-c", test.text}
			exit := awaitExit(t, start(t, s, spec))
			held := test.program == "sh" && exit.Code == 2 // the shell gives up when the kernel lets it start no more
			if !held && (!strings.HasPrefix(exit.Reason, "killed: it grew to ") || exit.Hint != "allow more") {
				t.Errorf("%+v", exit)
			}
			if left := s.Leftovers(alice); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if bob.PID() == 0 {
				t.Errorf("bob ended: %s", bob.Exit())
			}
		})
	}
}

// The reserve is more than any disk has, so that whatever writes is too much.
func TestDiskReserve(t *testing.T) {
	t.Parallel()
	needLinux(t)
	s := open(t, supervise.Options{Reserve: supervise.Limit{Max: 1 << 59, Hint: "keep less free"}})
	folder := t.TempDir()
	calm := shell(t, "sleep 1000")
	calm.Confine = &aloft.Confinement{Write: []string{folder}}
	bob := start(t, s, calm)
	eager := shell(t, "while :; do head -c 5000000 /dev/zero > "+filepath.Join(folder, "file")+"; done")
	eager.App, eager.Confine = "eager", calm.Confine
	exit := awaitExit(t, start(t, s, eager))
	if !strings.HasPrefix(exit.Reason, "killed: the disk of "+folder) || exit.Hint != "keep less free" {
		t.Errorf("%+v", exit)
	}
	if bob.PID() == 0 {
		t.Errorf("the one that wrote nothing ended: %s", bob.Exit())
	}
}

func TestConfine(t *testing.T) {
	t.Parallel()
	asked := make(chan aloft.Confinement, 10)
	s := open(t, supervise.Options{Confine: func(c aloft.Confinement) error {
		asked <- c
		if len(c.Read) > 0 {
			return os.ErrPermission
		}
		return nil
	}})
	t.Run("each life is confined", func(t *testing.T) {
		spec := shell(t, "exit 1")
		spec.Confine = &aloft.Confinement{Write: []string{"/private"}}
		p := start(t, s, spec)
		p.KeepAlive(nil)
		for range 2 {
			select {
			case c := <-asked:
				if len(c.Write) != 1 || c.Write[0] != "/private" {
					t.Errorf("%+v", c)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("nobody was asked to confine it")
			}
		}
		p.Stop(t.Context(), time.Minute)
	})
	t.Run("what cannot be confined is not started", func(t *testing.T) {
		spec := shell(t, "true")
		spec.Confine = &aloft.Confinement{Read: []string{"/"}}
		if _, err := s.Start(spec); aloft.ErrorCode(err) != aloft.CodeFailed {
			t.Errorf("error %v", err)
		}
	})
}
