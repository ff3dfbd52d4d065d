package local_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/supervise"
)

func (w *world) reconcile(t *testing.T) []string {
	t.Helper()
	differences, err := w.Reconcile(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, d := range differences {
		texts = append(texts, d.String()+map[bool]string{true: "", false: " (not healed)"}[d.Healed])
	}
	return texts
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("differences %q, want %q", got, want)
	}
}

// restart ends everything that ends with a server, and starts a new one.
func (w *world) restart(t *testing.T) {
	t.Helper()
	w.Close()
	w.supervisor.Close(t.Context())
	for _, route := range w.proxy.Routes() {
		w.proxy.Remove(route.Host)
	}
	w.open(t, t.TempDir())
}

func TestReconcileAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	web, api := w.slot(t, "web", func(s *aloft.Slot) { s.Instances = 2 }), w.slot(t, "api")
	r := request(t, "app", "1")
	r.App.Processes = map[string]aloft.Command{"worker": {Args: append(slices.Clone(r.App.Start.Args), "play-worker")}}
	w.deploy(t, r)
	r = request(t, "app", "2")
	r.App.Name = "api"
	w.deploy(t, r)
	before := w.processes()
	same(t, w.reconcile(t))

	w.restart(t)
	if status, _ := w.get(t, web.URL); status != http.StatusNotFound {
		t.Fatalf("it still answers: %d", status)
	}
	same(t, w.reconcile(t), "api: release 1 did not run: started", "web: release 1 did not run: started")
	w.serves(t, web.URL, "1")
	w.serves(t, api.URL, "2")
	if list := w.processes(); !slices.Equal(list, before) || len(w.store.releases) != 2 {
		t.Errorf("processes %v, before %v; %d releases", list, before, len(w.store.releases))
	}
	same(t, w.reconcile(t))
}

func TestReconcileReportsAKilledProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web", func(s *aloft.Slot) { s.Instances = 2 })
	r := request(t, "app", "1")
	w.deploy(t, r)
	_, text := w.get(t, slot.URL+"/pid")
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if key := <-w.changed; key != alice {
		t.Errorf("told of %s", key)
	}
	w.serves(t, slot.URL, "1") // the other process answers
	found := w.reconcile(t)
	if len(found) != 1 || !strings.HasPrefix(found[0], "web: web.") || !strings.Contains(found[0], "SIGKILL") || !strings.HasSuffix(found[0], ": started again") {
		t.Errorf("differences %q", found)
	}
	same(t, w.reconcile(t))
	if _, skipped, err := w.Deploy(t.Context(), r); err != nil || !skipped {
		t.Errorf("nothing is left to do, but: skipped %v, %v", skipped, err)
	}
	eventually(t, "both processes answer", func() bool {
		pids := map[string]bool{}
		for range 4 {
			_, pid := w.get(t, slot.URL+"/pid")
			pids[pid] = true
		}
		return len(pids) == 2 && !pids[text]
	})
}

// TestALostArtifact: what runs without its artifact is a difference that only a
// build heals, and is started in the new one when that is there.
func TestALostArtifact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	r := request(t, "app", "1")
	w.deploy(t, r)
	lose := func() {
		if err := os.RemoveAll(r.Artifact.Dir); err != nil {
			t.Fatal(err)
		}
	}
	buildAgain := func() {
		if err := os.Mkdir(r.Artifact.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	gone := "web: the artifact of release 1 is gone: it has to be built again (not healed)"
	lose()
	same(t, w.reconcile(t), gone)
	same(t, w.reconcile(t), gone)
	buildAgain()
	same(t, w.reconcile(t), "web: its folder was gone: started")
	w.serves(t, slot.URL, "1")
	same(t, w.reconcile(t))

	lose()
	buildAgain()
	if release := w.deploy(t, r); release.Number != 2 {
		t.Errorf("deployed as %d", release.Number)
	}
	w.serves(t, slot.URL, "1")
	same(t, w.reconcile(t))

	lose()
	w.restart(t)
	if got := w.reconcile(t); len(got) != 1 || !strings.Contains(got[0], "is gone") {
		t.Errorf("after a restart: %q", got)
	}
}

func TestReconcileHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	stray := "stray.alice.shop.localhost"
	for _, test := range []struct {
		rule   string
		breaks func(t *testing.T)
		want   []string
	}{
		{"processes that were stopped", func(t *testing.T) { w.supervisor.Stop(t.Context(), alice, "web", 0) },
			[]string{"web: web.1 did not run: started"}},
		{"a route that is gone", func(*testing.T) { w.proxy.Remove("alice.shop.localhost") },
			[]string{"web: route alice.shop.localhost did not lead to it: installed"}},
		{"a route that leads astray", func(t *testing.T) {
			if _, err := w.proxy.Install("alice.shop.localhost", proxy.Target{Backends: []string{"127.0.0.1:1"}}); err != nil {
				t.Fatal(err)
			}
		}, []string{"web: route alice.shop.localhost did not lead to it: installed"}},
		{"a route of nothing", func(t *testing.T) {
			if _, err := w.proxy.Install(stray, proxy.Target{Backends: []string{"127.0.0.1:1"}}); err != nil {
				t.Fatal(err)
			}
		}, []string{"route " + stray + " led nowhere: removed"}},
		{"processes of nothing", func(t *testing.T) {
			_, err := w.supervisor.Start(supervise.Spec{
				Key: alice, App: "old", Process: "web", Instance: 1, Args: []string{"sleep", "1000"}, Dir: "/", Env: []string{"PATH=" + os.Getenv("PATH")},
			})
			if err != nil {
				t.Fatal(err)
			}
		}, []string{"old: it ran, although Terraform has no place for it: stopped"}},
		{"nothing", func(*testing.T) {}, nil},
	} {
		t.Run(test.rule, func(t *testing.T) {
			test.breaks(t)
			same(t, w.reconcile(t), test.want...)
			w.serves(t, slot.URL, "1")
			w.settle(t)
			if list := w.processes(); !slices.Equal(list, []string{"web/web.1@1"}) {
				t.Errorf("processes %v", list)
			}
			same(t, w.reconcile(t))
		})
	}
}

func TestReconcileReportsAProcessThatKeepsDying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	r := request(t, "app", "1")
	flag := filepath.Join(t.TempDir(), "broken")
	r.App.Start = aloft.Command{Args: []string{"sh", "-c", "test ! -e " + flag + " && exec " + r.App.Start.Args[0]}}
	w.deploy(t, r)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(w.supervisor.Processes(alice)[0].PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range 4 { // the first death and three in vain
		<-w.changed
	}
	found := w.reconcile(t)
	if len(found) != 1 || !strings.Contains(found[0], "web.1 keeps ending (exit status 1)") || !strings.HasSuffix(found[0], "(not healed)") {
		t.Errorf("differences %q", found)
	}
}

func TestReconcileReportsWhatItCannotHeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	r := request(t, "app", "1")
	w.deploy(t, r)
	w.restart(t)
	if err := os.RemoveAll(r.Artifact.Dir); err != nil {
		t.Fatal(err)
	}
	found := w.reconcile(t)
	if len(found) != 1 || !strings.Contains(found[0], "the artifact of release 1 is gone") || !strings.HasSuffix(found[0], "(not healed)") {
		t.Errorf("differences %q", found)
	}
}

func TestReconcileLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	other := aloft.EnvironmentKey{Project: "shop", Environment: "ice"} // a part of the other's name
	if differences, err := w.Reconcile(t.Context(), other); err != nil || len(differences) > 0 {
		t.Errorf("%v, %v", differences, err)
	}
	if err := w.RemoveAll(t.Context(), other); err != nil {
		t.Error(err)
	}
	w.serves(t, slot.URL, "1")
	if _, err := w.Reconcile(t.Context(), aloft.EnvironmentKey{Project: "..", Environment: "x"}); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Error(err)
	}
}

// A slot that Terraform has removed and made again gets its release back.
func TestReconcileAfterTheSlotWasReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	if err := w.DeleteSlot(t.Context(), alice, "web", ""); err != nil {
		t.Fatal(err)
	}
	same(t, w.reconcile(t))
	w.slot(t, "web")
	same(t, w.reconcile(t), "web: release 1 did not run: started")
	w.serves(t, slot.URL, "1")
}

func TestDifferenceReadsWell(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]local.Difference{
		"web: web.1 ended: started again": {App: "web", What: "web.1 ended", Did: "started again"},
		"route x led nowhere: removed":    {What: "route x led nowhere", Did: "removed"},
		"a thing":                         {What: "a thing"},
	} {
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
