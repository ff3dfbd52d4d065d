package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// environmentPage is one environment with all that belongs to it.
type environmentPage struct {
	Environment environmentView
	Exists      bool // not destroyed
	Retry       bool // the last run can be repeated
	Releases    []releaseView
	Processes   []processView
	Runs        []runView
	Apps        []string // that have releases
	App         string   // whose log is shown; "" = of all
	Log         []logLine
}

type releaseView struct {
	aloft.Release
	Made     moment
	Returns  bool // can be rolled back to
	Revision string
}

type processView struct {
	Process
	Started moment
}

const (
	environmentRuns = 10
	shownLines      = 200
)

func (p *pages) environment(r *http.Request) (view, error) {
	ctx := r.Context()
	key := aloft.EnvironmentKey{Project: r.PathValue("project"), Environment: r.PathValue("environment")}
	if err := key.Validate(); err != nil {
		return view{}, err
	}
	environment, err := p.Data.Environment(ctx, key)
	if err != nil {
		return view{}, err
	}
	releases, err := p.Data.Releases(ctx, key)
	if err != nil {
		return view{}, err
	}
	runs, err := p.Data.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment, Limit: environmentRuns})
	if err != nil {
		return view{}, err
	}
	now := p.Now()
	page := environmentPage{
		Environment: viewEnvironment(environment, now), Exists: environment.Status != aloft.EnvironmentDestroyed,
		Retry:     retryable(environment, runs),
		Releases:  releaseViews(environment, releases, now),
		Processes: processViews(p.Processes(key), now), Runs: runViews(runs, now), Apps: appsOf(releases),
	}
	if app := r.URL.Query().Get("app"); slices.Contains(page.Apps, app) {
		page.App = app
	}
	log := &tail{limit: shownLog}
	if err := p.Logs.Logs(ctx, key, page.App, shownLines, false, log); err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return view{}, err
	}
	page.Log = linesOf(log.String())
	return view{Template: "environment", Title: key.Environment + " · " + key.Project, Subject: key.String(), Page: page}, nil
}

// retryable reports whether the last run left something to be repeated.
func retryable(e aloft.Environment, runs []aloft.Run) bool {
	if e.Status.Busy() || len(runs) == 0 {
		return false
	}
	return runs[0].Status == aloft.RunFailed || runs[0].Status == aloft.RunCanceled
}

func appsOf(releases []aloft.Release) []string {
	var list []string
	for _, r := range releases {
		list = append(list, r.App)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func releaseViews(e aloft.Environment, releases []aloft.Release, now time.Time) []releaseView {
	var list []releaseView
	for _, r := range releases {
		list = append(list, releaseView{
			Release: r, Made: since(r.CreatedAt, now), Revision: r.Revision,
			Returns: r.Status == aloft.ReleaseRetired && e.Status != aloft.EnvironmentDestroyed,
		})
	}
	return list
}

func processViews(processes []Process, now time.Time) []processView {
	sorted := slices.SortedFunc(slices.Values(processes), func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Process, b.Process), cmp.Compare(a.Instance, b.Instance))
	})
	var list []processView
	for _, process := range sorted {
		list = append(list, processView{process, since(process.StartedAt, now)})
	}
	return list
}
