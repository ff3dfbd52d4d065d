package run_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/store"
)

func TestParseOptions(t *testing.T) {
	for _, test := range []struct {
		options []string
		want    aloft.RunOptions
		invalid string
	}{
		{nil, aloft.RunOptions{}, ""},
		{[]string{"detach", "skip-build"}, aloft.RunOptions{Detach: true, SkipBuild: true}, ""},
		{[]string{"plan"}, aloft.RunOptions{Plan: true}, ""},
		{[]string{"ttl=72h"}, aloft.RunOptions{TTL: 72 * time.Hour}, ""},
		{[]string{"destroy"}, aloft.RunOptions{Destroy: true}, ""},
		{[]string{"destroy=all"}, aloft.RunOptions{}, "no push option"},
		{[]string{"ttl"}, aloft.RunOptions{}, `there is no push option "ttl"`},
		{[]string{"ttl=soon"}, aloft.RunOptions{}, `"ttl=soon" is not valid`},
		{[]string{"ttl=1s"}, aloft.RunOptions{}, "a minute or more"},
		{[]string{"ttl=-5h"}, aloft.RunOptions{}, "a minute or more"},
		{[]string{"detach=yes"}, aloft.RunOptions{}, "no push option"},
		{[]string{"force"}, aloft.RunOptions{}, "no push option"},
	} {
		t.Run(strings.Join(test.options, ","), func(t *testing.T) {
			got, err := run.ParseOptions(test.options)
			if test.invalid != "" {
				if err == nil || !strings.Contains(err.Error(), test.invalid) {
					t.Fatalf("error %v, want one with %q", err, test.invalid)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// FuzzParseOptions checks that options mean the same in any order and number, and
// that what is refused is named without what a terminal would obey.
func FuzzParseOptions(f *testing.F) {
	f.Add("ttl=72h", "detach")
	f.Add("detach", "$(reboot)")
	f.Add("=", "--upload-pack=x")
	f.Add("ttl=9999999h", "\x1b[2J")
	f.Add("ttl=1m", "plan\n")
	f.Fuzz(func(t *testing.T, one, other string) {
		options, err := run.ParseOptions([]string{one})
		switch {
		case err == nil && options == (aloft.RunOptions{}):
			t.Errorf("%q was taken and means nothing", one)
		case err == nil && options.TTL != 0 && options.TTL < time.Minute:
			t.Errorf("%q is a life of %s", one, options.TTL)
		case err != nil && (aloft.ErrorCode(err) != aloft.CodeInvalid || strings.ContainsAny(err.Error(), "\x1b\n\r")):
			t.Errorf("%q is refused with %q", one, err)
		}
		again, errAgain := run.ParseOptions([]string{one, one})
		if again != options && err == nil || (err == nil) != (errAgain == nil) {
			t.Errorf("%q twice is something else: %+v", one, again)
		}
		both, errBoth := run.ParseOptions([]string{one, other})
		turned, errTurned := run.ParseOptions([]string{other, one})
		if (errBoth == nil) != (errTurned == nil) || errBoth == nil && both != turned && both.TTL == turned.TTL {
			t.Errorf("%q and %q depend on their order", one, other)
		}
	})
}

// receive pushes updates while the queue works, as in the server.
func (h *house) receive(push aloft.Push) ([]aloft.RefResult, string) {
	h.t.Helper()
	push.Project = "shop"
	ctx, stop := context.WithCancel(h.ctx)
	worked := make(chan error, 1)
	go func() {
		worked <- h.store.Work(ctx, store.WorkOptions{Workers: 2, Reconcile: h.reconciler.Reconcile})
	}()
	var progress bytes.Buffer
	results := h.reconciler.Receive(h.ctx, push, &progress)
	stop()
	if err := <-worked; err != nil && aloft.ErrorCode(err) != aloft.CodeCanceled {
		h.t.Error(err)
	}
	return results, progress.String()
}

func TestReceive(t *testing.T) {
	for _, test := range []struct {
		name    string
		update  aloft.RefUpdate
		options []string
		reason  string // "" = accepted
		kept    bool
		at      string // where env-alice is before; "" = nowhere
		shown   string
		branch  string // where env-alice is afterwards
	}{
		{name: "an environment's branch", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", New: "c1"}, shown: "env-alice is ready", branch: "c1"},
		{name: "a plan", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", New: "c1"}, options: []string{"plan"}, kept: true, shown: "nothing was changed"},
		{name: "another branch", update: aloft.RefUpdate{Ref: "refs/heads/main", New: "c1"}, shown: "main is stored; it is no environment"},
		{name: "a name outside the rule", update: aloft.RefUpdate{Ref: "refs/heads/env-Alice", New: "c1"}, reason: `"env-Alice" is not valid`, shown: "the nearest valid name is env-alice"},
		{name: "an unknown option", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", New: "c1"}, options: []string{"x"}, reason: "no push option", shown: "detach, plan, skip-build, ttl=<duration>, ff-only and destroy"},
		{name: "a stale view", at: "b1", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", Old: "b0", New: "c1"}, reason: "has moved", shown: "git fetch", branch: "b1"},
		{name: "a view that a run has made stale", at: "c1", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", New: "c2"}, shown: "env-alice is ready", branch: "c2"},
		{name: "a detached run", update: aloft.RefUpdate{Ref: "refs/heads/env-alice", New: "c1"}, options: []string{"detach"}, kept: true, shown: "aloft run attach 1"},
		{name: "deleting what no environment stands behind", update: aloft.RefUpdate{Ref: "refs/heads/env-alice"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			if test.at != "" {
				h.repository.branches["env-alice"] = test.at
			}
			results, shown := h.receive(aloft.Push{Updates: []aloft.RefUpdate{test.update}, Options: test.options})
			result := results[0]
			if test.reason == "" && result.Reason != "" || !strings.Contains(result.Reason, test.reason) || result.Kept != test.kept {
				t.Errorf("result %+v; shown:\n%s", result, shown)
			}
			if !strings.Contains(shown, test.shown) {
				t.Errorf("%q is not in what was shown:\n%s", test.shown, shown)
			}
			if branch := h.repository.branches["env-alice"]; branch != test.branch && test.name != "a detached run" {
				t.Errorf("env-alice is at %q", branch)
			}
		})
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, name := range []string{"alice", "bob", "carol"} {
		key := aloft.EnvironmentKey{Project: "shop", Environment: name}
		if _, err := h.reconciler.Accept(h.ctx, aloft.Run{EnvironmentKey: key, Operation: aloft.OperationUp, Revision: "c1"}); err != nil {
			t.Fatal(err)
		}
		if err := h.reconciler.Reconcile(h.ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile() // alice is gone
	for rule, test := range map[string]struct {
		refs    string // those with a minus are deleted
		options []string
		refused []string // "" = admitted
	}{
		"one environment is destroyed": {refs: "-env-bob"},
		"two are":                      {refs: "-env-bob -env-carol", refused: []string{"2 environments", "shop/bob (ready) of Alice", "shop/carol (ready)"}},
		"two are, and it is meant":     {refs: "-env-bob -env-carol", options: []string{"destroy"}},
		"a branch is renamed":          {refs: "-env-bob env-dora", refused: []string{"an environment beside", "shop/bob"}},
		"a branch is renamed to one that is no environment":      {refs: "bob -env-bob", refused: []string{"shop/bob"}},
		"a branch is renamed, and that is meant":                 {refs: "-env-bob env-dora", options: []string{"destroy", "detach"}},
		"another is moved":                                       {refs: "-env-bob env-carol", refused: []string{"shop/bob"}},
		"a mirror with tags, notes and what a clone tracks":      {refs: "main -env-bob tags/v1 notes/x", refused: []string{"shop/bob"}},
		"branches without an environment go":                     {refs: "-env-alice -env-never -main main2 -env-Wrong"},
		"one goes with branches behind which there is none":      {refs: "-env-bob -env-alice -main", refused: []string{"an environment beside", "shop/bob"}},
		"nothing is destroyed":                                   {refs: "env-bob env-carol main"},
		"an option that is none is refused before a tag is made": {refs: "env-bob tags/v1", options: []string{"destory"}, refused: []string{`no push option "destory"`}},
	} {
		t.Run(rule, func(t *testing.T) {
			push := aloft.Push{Project: "shop", Options: test.options}
			for _, ref := range strings.Fields(test.refs) {
				name, deleted := strings.CutPrefix(ref, "-")
				update := aloft.RefUpdate{Ref: "refs/heads/" + name, Old: "c1", New: "c2"}
				if strings.Contains(name, "/") {
					update.Ref = "refs/" + name
				}
				if deleted {
					update.New = ""
				}
				push.Updates = append(push.Updates, update)
			}
			err := h.reconciler.Admit(h.ctx, push)
			if (err != nil) != (test.refused != nil) {
				t.Fatalf("it is answered with %v", err)
			}
			for _, words := range test.refused {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("no %q in: %v", words, err)
				}
			}
		})
	}
}

func TestABranchRenamedInOnePush(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	results, shown := h.receive(aloft.Push{Updates: []aloft.RefUpdate{
		{Ref: "refs/heads/env-alice", Old: "c1"}, {Ref: "refs/heads/env-bob", New: "c1"},
	}})
	for _, result := range results {
		if result.Reason != "" {
			t.Errorf("%+v; shown:\n%s", result, shown)
		}
	}
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
	if h.repository.branches["env-bob"] != "c1" {
		t.Errorf("branches %v", h.repository.branches)
	}
}

func TestAPusherWhoDetachesLeavesTheRunAlone(t *testing.T) {
	h := newHouse(t)
	ctx, detach := context.WithCancel(h.ctx)
	defer detach()
	results := make(chan []aloft.RefResult, 1)
	h.terraform.before = func(ctx context.Context) error {
		detach()
		<-results
		return ctx.Err()
	}
	accepted := make(chan struct{})
	go func() {
		results <- h.reconciler.Receive(ctx, aloft.Push{
			Project: "shop", Updates: []aloft.RefUpdate{{Ref: "refs/heads/env-alice", New: "c1"}},
		}, signalWriter(accepted))
	}()
	<-accepted
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
}

// signalWriter closes the channel at the first write.
type signalWriter chan struct{}

func (s signalWriter) Write(p []byte) (int, error) {
	select {
	case <-s:
	default:
		close(s)
	}
	return len(p), nil
}

// What a commit leaves to be fetched from elsewhere is named where it is pushed.
func TestAPushTellsWhatIsNotFetched(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.repository.absent.Submodules = []string{"vendor/x", "vendor/\x1b[31m"}
	for i := range 12 {
		h.repository.absent.Pointers = append(h.repository.absent.Pointers, fmt.Sprintf("images/%d.png", i))
	}
	h.push("c1")
	h.reconcile()
	for _, want := range []string{
		`warning: submodules are not fetched and stay empty folders: "vendor/x", "vendor/\x1b[31m"; commit their files instead`,
		`warning: files of Git LFS are not fetched and stay pointers: "images/0.png", `, `"images/9.png", and 2 more; commit the files themselves instead`,
	} {
		if log := h.log(1); !strings.Contains(log, want) {
			t.Errorf("no %q in:\n%s", want, log)
		}
	}
}
