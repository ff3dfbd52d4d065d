package run_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

// outline writes the spans of a run's trace as "name status" lines, parts indented.
func (h *house) outline(id int64) []string {
	h.t.Helper()
	trace, err := h.reconciler.Trace(h.ctx, id)
	if err != nil {
		h.t.Fatal(err)
	}
	var lines []string
	var add func([]aloft.Span, string)
	add = func(spans []aloft.Span, indent string) {
		for _, s := range spans {
			if s.Offset < 0 || s.Duration < 0 {
				h.t.Errorf("%s begins at %s and takes %s", s.Name, s.Offset, s.Duration)
			}
			lines = append(lines, indent+s.Name+" "+string(s.Status))
			add(s.Parts, indent+"  ")
		}
	}
	add(trace.Spans, "")
	return lines
}

func (h *house) wantOutline(id int64, want ...string) {
	h.t.Helper()
	got := h.outline(id)
	for _, line := range want {
		if !slices.Contains(got, line) {
			h.t.Errorf("no span %q in the trace of run %d:\n%s", line, id, strings.Join(got, "\n"))
		}
	}
}

func TestATraceTellsEveryStepAndItsParts(t *testing.T) {
	h := newHouse(t)
	r := h.push("c1")
	h.wantOutline(r.ID, "queue waiting")
	h.reconcile()
	h.wantOutline(r.ID, "queue succeeded", "start succeeded", "checkout succeeded", "read succeeded",
		"provision succeeded", "  engine succeeded", "  session succeeded", "  key digest succeeded", "  init succeeded", "  apply succeeded",
		"build succeeded", "  web succeeded", "release skipped", "deploy succeeded", "verify succeeded",
		"finish succeeded", "  move the branch succeeded", "  run record succeeded", "  tidy up succeeded")
}

func TestATraceTellsWhenThePushArrived(t *testing.T) {
	h := newHouse(t)
	arrived := time.Now().Add(-time.Minute)
	h.reconciler.Receive(h.ctx, aloft.Push{
		Project: "shop", ReceivedAt: arrived, Options: []string{"detach"},
		Updates: []aloft.RefUpdate{{Ref: "refs/heads/env-alice", New: "c1"}},
	}, io.Discard)
	h.reconcile()
	trace, err := h.reconciler.Trace(h.ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !trace.BeganAt.Equal(arrived) || trace.Spans[0].Name != "receive" || trace.Spans[0].Duration < 59*time.Second {
		t.Errorf("it began at %s with %+v, the push arrived at %s", trace.BeganAt, trace.Spans[0], arrived)
	}
}

func TestAFailedRunHasATrace(t *testing.T) {
	h := newHouse(t)
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "unhealthy")
	r := h.push("c1")
	h.reconcile()
	h.wantOutline(r.ID, "deploy failed", "  web failed", "finish succeeded")
}

func TestARunTakenAgainShowsBothTries(t *testing.T) {
	h := newHouse(t)
	ctx, stop := context.WithCancel(h.ctx)
	h.terraform.before = func(context.Context) error {
		h.wantOutline(1, "provision running", "  apply running")
		stop()
		return ctx.Err()
	}
	r := h.push("c1")
	_ = h.reconciler.Reconcile(ctx, alice)
	h.terraform.before = nil
	h.open()
	h.reconcile()
	got := h.outline(r.ID)
	restart := slices.Index(got, "restart succeeded")
	if restart < 0 || !slices.Contains(got[:restart], "  apply canceled") || !slices.Contains(got[restart:], "  apply succeeded") {
		t.Errorf("the trace does not show both tries:\n%s", strings.Join(got, "\n"))
	}
}

func TestWhatACrashLeftOpenWasCutOff(t *testing.T) {
	h := newHouse(t)
	r := h.push("c1")
	h.reconcile()
	path := filepath.Join(h.dir, "runs", "1", "trace.ndjson")
	at := time.Now().UTC().Format(time.RFC3339Nano)
	h.write(path, `{"at":"`+at+`","try":1}
{"at":"`+at+`","span":1,"name":"build"}
{"at":"`+at+`","span":2,"parent":1,"name":"web"}
{"at":"`+at+`","try":2,"again":"restart"}
{"at":"`+at+`","span":1,"name":"build"}
{"at":"`+at+`","span":1,"status":"succeeded"}
{"at":"`+at+`","span":2,"na`)
	want := []string{"queue succeeded", "build canceled", "  web canceled", "restart succeeded", "build succeeded"}
	if got := h.outline(r.ID); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestATraceTellsHowLongAPlanWaited(t *testing.T) {
	h := newHouse(t)
	h.repository.files["aloft.yaml"] = "protected: [alice]\n"
	h.push("c1")
	h.reconcile()
	h.terraform.planned = aloft.Plan{Digest: "d1", Changes: []aloft.Change{
		{Address: "aloft_postgresql.main", Action: aloft.ActionDelete, HoldsData: true},
	}}
	destroy := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantOutline(destroy.ID, "destroy waiting", "  plan succeeded", "approval waiting")
	if err := h.reconciler.Approve(h.ctx, destroy.ID, "d1", "bob"); err != nil {
		t.Fatal(err)
	}
	h.reconcile()
	h.wantOutline(destroy.ID, "destroy waiting", "approval succeeded", "destroy succeeded")
}

func TestATraceHidesSecrets(t *testing.T) {
	h := newHouse(t)
	h.terraform.outputs.Sensitive = []string{"swordfish"}
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "cannot log in with swordfish")
	h.push("c1")
	h.reconcile()
	trace, err := os.ReadFile(filepath.Join(h.dir, "runs", "1", "trace.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(trace), "swordfish") || !strings.Contains(string(trace), "(sensitive)") {
		t.Errorf("the trace shows a secret: %s", trace)
	}
}

func (h *house) write(path, text string) {
	h.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}
