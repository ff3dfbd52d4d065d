package web_test

import (
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/web"
)

var (
	alice   = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}
	checkup = aloft.EnvironmentKey{Project: "shop", Environment: "checkout-flow"}
	release = aloft.EnvironmentKey{Project: "shop", Environment: "release-4"}
	docs    = aloft.EnvironmentKey{Project: "handbook", Environment: "preview"}
)

// busyWorld is a team's server on an ordinary day, at a given time.
func busyWorld(now time.Time) *world {
	w := emptyWorld()
	w.now = func() time.Time { return now }
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const hour = time.Hour
	w.projects = []aloft.Project{{Name: "handbook"}, {Name: "shop"}, {Name: "warehouse"}}
	w.environments = []aloft.Environment{
		{EnvironmentKey: release, Status: aloft.EnvironmentUpdating, Revision: "5d0c41fe8890", Owner: "Grace Hopper <grace@example.org>", Protected: true,
			URLs: map[string]string{"web": "http://release-4.shop.localhost:8090"}, CreatedAt: ago(19 * 24 * hour), SizeBytes: 812_000_000},
		{EnvironmentKey: alice, Status: aloft.EnvironmentReady, Revision: "9fceb02d0ae5", Owner: "Alice Liddell <alice@example.org>",
			URLs:      map[string]string{"web": "http://web.alice.shop.localhost:8090", "admin": "http://admin.alice.shop.localhost:8090"},
			CreatedAt: ago(50 * hour), ExpiresAt: now.Add(22 * hour), TTL: 72 * hour, SizeBytes: 143_500_000},
		{EnvironmentKey: checkup, Status: aloft.EnvironmentDegraded, Reason: "run 14 failed; release 3 keeps serving", Revision: "1b7a330c9d21",
			Owner: "Bob Ross <bob@example.org>", URLs: map[string]string{"web": "http://checkout-flow.shop.localhost:8090"},
			CreatedAt: ago(7 * hour), ExpiresAt: now.Add(65 * hour), TTL: 72 * hour, SizeBytes: 97_000_000},
		{EnvironmentKey: docs, Status: aloft.EnvironmentSleeping, Revision: "77aa01b3c4d5", Owner: "Ada Lovelace <ada@example.org>",
			URLs: map[string]string{"web": "http://preview.handbook.localhost:8090"}, CreatedAt: ago(80 * hour), SizeBytes: 4_200_000},
	}
	w.runs = []aloft.Run{
		{ID: 15, EnvironmentKey: release, Operation: aloft.OperationUp, Status: aloft.RunWaiting, Trigger: aloft.TriggerPush, Actor: "Grace Hopper",
			Revision: "c4d6f7a81234", Title: "Move orders to PostgreSQL 16", PlanDigest: "d1", CreatedAt: ago(3 * time.Minute), StartedAt: ago(3 * time.Minute)},
		{ID: 14, EnvironmentKey: checkup, Operation: aloft.OperationUp, Status: aloft.RunFailed, Trigger: aloft.TriggerPush, Actor: "Bob Ross",
			Revision: "e02d9fceb0ae", Title: "Show the shipping date before payment", CreatedAt: ago(25 * time.Minute), StartedAt: ago(25 * time.Minute),
			FinishedAt: ago(25*time.Minute - 9400*time.Millisecond), ErrorCode: aloft.CodeFailed,
			Error: "app web did not start: exit status 1 after 0.3 s\npanic: open templates/shipping.html: no such file or directory",
			Hint:  "release 3 keeps serving; fix the app and push again"},
		{ID: 13, EnvironmentKey: alice, Operation: aloft.OperationUp, Status: aloft.RunRunning, Trigger: aloft.TriggerAPI, Actor: "Alice Liddell",
			Revision: "9fceb02d0ae5", Title: "Speed up the product list", CreatedAt: ago(6 * time.Second), StartedAt: ago(6 * time.Second)},
		{ID: 12, EnvironmentKey: alice, Operation: aloft.OperationUp, Status: aloft.RunSucceeded, Trigger: aloft.TriggerPush, Actor: "Alice Liddell",
			Revision: "41aa02d0ae55", Title: "Add a product list", CreatedAt: ago(2 * hour), StartedAt: ago(2 * hour), FinishedAt: ago(2*hour - 4200*time.Millisecond)},
		{ID: 11, EnvironmentKey: aloft.EnvironmentKey{Project: "shop", Environment: "old"}, Operation: aloft.OperationDestroy, Status: aloft.RunSucceeded,
			Trigger: aloft.TriggerExpiry, CreatedAt: ago(26 * hour), StartedAt: ago(26 * hour), FinishedAt: ago(26*hour - 84*time.Second)},
	}
	w.fillRuns(now)
	w.fillEnvironment(now)
	return w
}

func (w *world) fillRuns(now time.Time) {
	step := func(run int64, name string, status aloft.StepStatus, reason string, from, to time.Duration) aloft.Step {
		s := aloft.Step{RunID: run, Name: name, Status: status, Reason: reason}
		begin := now
		for _, r := range w.runs {
			if r.ID == run {
				begin = r.StartedAt
			}
		}
		s.StartedAt = begin.Add(from)
		if to > 0 {
			s.FinishedAt = begin.Add(to)
		}
		return s
	}
	const ms = time.Millisecond
	w.steps[14] = []aloft.Step{
		step(14, "checkout", aloft.StepSucceeded, "", 0, 120*ms),
		step(14, "read", aloft.StepSucceeded, "", 120*ms, 180*ms),
		step(14, "provision", aloft.StepSkipped, "nothing of it has changed since run 9", 180*ms, 181*ms),
		step(14, "build", aloft.StepSucceeded, "", 180*ms, 8600*ms),
		step(14, "release", aloft.StepSkipped, "the app has no release command", 8600*ms, 8601*ms),
		step(14, "deploy", aloft.StepFailed, "app web exited with status 1", 8600*ms, 9400*ms),
	}
	w.steps[13] = []aloft.Step{
		step(13, "checkout", aloft.StepSucceeded, "", 0, 150*ms),
		step(13, "read", aloft.StepSucceeded, "", 150*ms, 220*ms),
		step(13, "provision", aloft.StepSucceeded, "", 220*ms, 1400*ms),
		step(13, "build", aloft.StepRunning, "", 220*ms, 0),
	}
	w.steps[15] = []aloft.Step{
		step(15, "checkout", aloft.StepSucceeded, "", 0, 110*ms),
		step(15, "read", aloft.StepSucceeded, "", 110*ms, 170*ms),
		step(15, "provision", aloft.StepWaiting, "the plan replaces a database in a protected environment", 170*ms, 0),
	}
	span := func(name string, from, to time.Duration, parts ...aloft.Span) aloft.Span {
		return aloft.Span{Name: name, Status: aloft.StepSucceeded, Offset: from, Duration: to - from, Parts: parts}
	}
	failed := span("deploy", 8600*ms, 9400*ms, span("web", 8600*ms, 9390*ms, span("start", 8600*ms, 8620*ms), span("wait for health", 8620*ms, 9390*ms)))
	failed.Status, failed.Detail = aloft.StepFailed, "app web exited with status 1"
	skipped := span("provision", 180*ms, 181*ms, span("engine", 180*ms, 180*ms), span("key digest", 180*ms, 181*ms))
	skipped.Status, skipped.Detail = aloft.StepSkipped, "nothing of it has changed since run 9"
	w.traces = map[int64]aloft.Trace{14: {RunID: 14, Status: aloft.RunFailed, BeganAt: now.Add(-25 * time.Minute), Duration: 9400 * ms, Spans: []aloft.Span{
		span("queue", 0, 4*ms), span("checkout", 4*ms, 120*ms), span("read", 120*ms, 180*ms), skipped,
		span("build", 180*ms, 8600*ms, span("web", 182*ms, 8600*ms, span("copy", 182*ms, 260*ms), span("go build -trimpath -o .aloft/bin/ ./cmd/shop", 260*ms, 8590*ms))),
		failed, span("finish", 9390*ms, 9400*ms),
	}}}
	w.plans[15] = aloft.Plan{Digest: "d1", Changes: []aloft.Change{
		{Address: `module.orders.aloft_postgresql.this["orders"]`, Type: "aloft_postgresql", Action: aloft.ActionReplace, HoldsData: true,
			Attributes: []aloft.AttributeChange{{Path: "version", Before: "15", After: "16", ForcesAction: true}, {Path: "password", Before: "(sensitive)", After: "(sensitive)"}}},
		{Address: "aloft_app.web", Type: "aloft_app", Action: aloft.ActionUpdate,
			Attributes: []aloft.AttributeChange{{Path: "instances", Before: "1", After: "2"}}},
		{Address: "aloft_app.worker", Type: "aloft_app", Action: aloft.ActionCreate},
	}}
	w.logs[13] = "=====> Bringing shop/alice to 9fceb02\n-----> checkout                          0.2 s\n-----> read                              0.1 s\n" +
		"       runtime  Go 1.26         go.mod:3\n       build    go build        go.mod:1\n       start    ./web           Procfile:1\n-----> provision                         1.2 s\n       ~ aloft_app.web\n-----> build\n"
	w.logs[14] = "=====> Bringing shop/checkout-flow to e02d9fc\n-----> checkout                          0.1 s\n-----> read                              0.1 s\n-----> provision                         skipped: nothing of it has changed\n" +
		"-----> build                             8.4 s\n-----> deploy\n       \x1b[31mpanic: open templates/shipping.html: no such file or directory\x1b[0m\n !     app web did not start: exit status 1 after 0.3 s\n !     release 3 keeps serving; fix the app and push again\n"
	w.logs[15] = "=====> Bringing shop/release-4 to c4d6f7a\n-----> provision\n       -/+ module.orders.aloft_postgresql.this[\"orders\"]\n !     waiting for approval\n"
}

func (w *world) fillEnvironment(now time.Time) {
	for number, status := range []aloft.ReleaseStatus{aloft.ReleaseRetired, aloft.ReleaseFailed, aloft.ReleaseActive} {
		r := aloft.Release{EnvironmentKey: alice, App: "web", Number: int64(number + 1), RunID: int64(10 + number), Status: status,
			Revision: []string{"77aa01b3c4d5", "0badc0de0000", "41aa02d0ae55"}[number], CreatedAt: now.Add(-time.Duration(30-10*number) * time.Hour)}
		if status == aloft.ReleaseFailed {
			r.Reason = "it never answered /healthz"
		}
		w.releases = append([]aloft.Release{r}, w.releases...)
	}
	w.releases = append(w.releases, aloft.Release{EnvironmentKey: alice, App: "admin", Number: 1, RunID: 10, Status: aloft.ReleaseActive, Revision: "77aa01b3c4d5", CreatedAt: now.Add(-30 * time.Hour)})
	w.processes = []web.Process{
		{App: "web", Process: "web", Instance: 2, PID: 4122, State: "running", StartedAt: now.Add(-2 * time.Hour), MemoryBytes: 31_400_000},
		{App: "web", Process: "web", Instance: 1, PID: 4121, State: "running", StartedAt: now.Add(-9 * time.Minute), Restarts: 1, MemoryBytes: 29_800_000, LastExit: "killed: over its memory limit of 64 MiB"},
		{App: "admin", Process: "worker", Instance: 1, PID: 3990, State: "starting", StartedAt: now.Add(-30 * time.Hour), MemoryBytes: 12_100_000},
	}
	w.appLog = "web.1    2026/11/24 09:58:11 listening on 127.0.0.1:41873\nweb.1    2026/11/24 09:58:12 GET /healthz 200 0.4ms\nweb.2    2026/11/24 09:58:14 GET /products?page=2 200 11.9ms\nadmin    <b>not bold</b>\n"
}
