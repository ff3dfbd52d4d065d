package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// homePage is all projects with their environments, and the last runs.
type homePage struct {
	Host     string // of the server as the visitor calls it
	Projects []projectView
	Waiting  []runView // for approval
	Runs     []runView
}

type projectView struct {
	Name         string
	Environments []environmentView
}

// environmentView is a row of the environments.
type environmentView struct {
	aloft.Environment
	URLs    []appURL
	Owner   string
	Created moment
	Expires moment
	Soon    bool // expires within a day
}

type appURL struct{ App, URL string }

// Plain returns the URL without what goes without saying.
func (u appURL) Plain() string { return strings.TrimPrefix(u.URL, "http://") }

// runView is a row of the runs.
type runView struct {
	aloft.Run
	Title    string
	Actor    string
	Asked    moment
	Took     span
	Waits    bool // for approval
	Finished bool
}

const homeRuns = 20

func (p *pages) home(r *http.Request) (view, error) {
	ctx := r.Context()
	projects, err := p.Data.Projects(ctx)
	if err != nil {
		return view{}, err
	}
	environments, err := p.Data.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return view{}, err
	}
	runs, err := p.Data.Runs(ctx, aloft.RunFilter{Limit: homeRuns})
	if err != nil {
		return view{}, err
	}
	waiting, err := p.Data.Runs(ctx, aloft.RunFilter{Statuses: []aloft.RunStatus{aloft.RunWaiting}})
	if err != nil {
		return view{}, err
	}
	now := p.Now()
	page := homePage{Host: r.Host, Runs: runViews(runs, now), Waiting: runViews(waiting, now)}
	for _, project := range projects {
		page.Projects = append(page.Projects, projectView{project.Name, environmentsOf(project.Name, environments, now)})
	}
	return view{Template: "home", Title: "Environments", Page: page}, nil
}

func environmentsOf(project string, environments []aloft.Environment, now time.Time) []environmentView {
	var list []environmentView
	for _, e := range environments {
		if e.Project == project {
			list = append(list, viewEnvironment(e, now))
		}
	}
	slices.SortFunc(list, func(a, b environmentView) int {
		return cmp.Compare(a.EnvironmentKey.Environment, b.EnvironmentKey.Environment)
	})
	return list
}

func viewEnvironment(e aloft.Environment, now time.Time) environmentView {
	v := environmentView{
		Environment: e, Owner: person(e.Owner), Created: since(e.CreatedAt, now), Expires: since(e.ExpiresAt, now),
		Soon: !e.ExpiresAt.IsZero() && e.ExpiresAt.Sub(now) < 24*time.Hour,
	}
	for app, url := range e.URLs {
		v.URLs = append(v.URLs, appURL{app, url})
	}
	slices.SortFunc(v.URLs, func(a, b appURL) int { return cmp.Compare(a.App, b.App) })
	return v
}

func runViews(runs []aloft.Run, now time.Time) []runView {
	var list []runView
	for _, run := range runs {
		list = append(list, viewRun(run, now))
	}
	return list
}

var operationTitles = map[aloft.Operation]string{
	aloft.OperationUp: "Bring up", aloft.OperationPlan: "Plan", aloft.OperationDestroy: "Destroy",
	aloft.OperationRollback: "Roll back", aloft.OperationRepair: "Repair",
}

func viewRun(run aloft.Run, now time.Time) runView {
	v := runView{
		Run: run, Title: run.Title, Actor: person(run.Actor), Asked: since(run.CreatedAt, now),
		Took:  between(run.StartedAt, run.FinishedAt, now),
		Waits: run.Status == aloft.RunWaiting, Finished: run.Status.Finished(),
	}
	if v.Title == "" {
		v.Title = operationTitles[run.Operation] + " " + run.Environment
	}
	return v
}
