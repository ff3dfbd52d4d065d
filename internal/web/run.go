package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft"
)

// runPage is one run with its steps, its plan and its log.
type runPage struct {
	Run   runView
	Steps []stepView
	Plan  *planView
	Log   []logLine
	Cut   bool // the log is longer than what is shown
}

// stepView is a step and where it lies in the time of its run.
type stepView struct {
	aloft.Step
	Took         span
	Start, Width string // percent of the run's time, for the bar; Width "" = no bar
}

// shownLog is how much of a log a page shows, in bytes.
const shownLog = 256 << 10

func (p *pages) run(r *http.Request) (view, error) {
	ctx := r.Context()
	id, err := strconv.ParseInt(r.PathValue("run"), 10, 64)
	if err != nil {
		return view{}, aloft.Errorf(aloft.CodeNotFound, "there is no run %q", r.PathValue("run"))
	}
	run, err := p.Data.Run(ctx, id)
	if err != nil {
		return view{}, err
	}
	steps, err := p.Data.Steps(ctx, id)
	if err != nil {
		return view{}, err
	}
	now := p.Now()
	page := runPage{Run: viewRun(run, now), Steps: stepViews(run, steps, now)}
	if plan, err := p.Runs.Plan(ctx, id); err == nil {
		page.Plan = viewPlan(plan)
	} else if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return view{}, err
	}
	log := &tail{limit: shownLog}
	if err := p.Runs.Log(ctx, id, false, log); err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return view{}, err
	}
	page.Log, page.Cut = linesOf(log.String()), log.cut
	return view{Template: "run", Title: "Run " + strconv.FormatInt(id, 10), Subject: "run/" + strconv.FormatInt(id, 10), Page: page}, nil
}

// stepViews places the steps on the time line of their run: they overlap.
func stepViews(run aloft.Run, steps []aloft.Step, now time.Time) []stepView {
	begin, end := run.StartedAt, run.FinishedAt
	if end.IsZero() {
		end = now
	}
	for _, s := range steps {
		if s.StartedAt.Before(begin) || begin.IsZero() {
			begin = s.StartedAt
		}
	}
	whole := end.Sub(begin).Seconds()
	var list []stepView
	for _, s := range steps {
		v := stepView{Step: s, Took: between(s.StartedAt, s.FinishedAt, now)}
		if s.Status == aloft.StepSkipped {
			v.Took = span{}
		}
		if stop := s.FinishedAt; whole > 0 && s.Status != aloft.StepSkipped {
			if stop.IsZero() {
				stop = end
			}
			start := max(0, s.StartedAt.Sub(begin).Seconds()/whole)
			v.Start, v.Width = percent(start), percent(min(1-start, max(0.008, stop.Sub(s.StartedAt).Seconds()/whole)))
		}
		list = append(list, v)
	}
	return list
}

func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 1, 64) + "%" }
