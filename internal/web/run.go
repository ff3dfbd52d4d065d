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
	Trace *traceView // nil = its files were removed
	Plan  *planView
	Log   []logLine
	Cut   bool // the log is longer than what is shown

	Removed string // why there is no log; "" = there is one
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
	if trace, err := p.Runs.Trace(ctx, id); err == nil {
		page.Trace = viewTrace(trace)
	} else if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return view{}, err
	}
	if plan, err := p.Runs.Plan(ctx, id); err == nil {
		page.Plan = viewPlan(plan)
	} else if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return view{}, err
	}
	log := &tail{limit: shownLog}
	if err := p.Runs.Log(ctx, id, false, log); aloft.ErrorCode(err) == aloft.CodeNotFound {
		page.Removed = err.Error()
	} else if err != nil {
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
	whole := end.Sub(begin)
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
			v.Start, v.Width = place(s.StartedAt.Sub(begin), stop.Sub(s.StartedAt), whole)
		}
		list = append(list, v)
	}
	return list
}

func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 1, 64) + "%" }
