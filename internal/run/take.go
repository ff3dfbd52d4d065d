package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// Taken is what came of a run that was taken without a server.
type Taken struct {
	Run   aloft.Run         // with its end
	Steps []aloft.Step      // in the order they began
	URLs  map[string]string // of the apps that answer, by name
	Plan  *aloft.Plan       // nil when the run made none
}

// Take takes a run without a server: no records, no queue, no approval by
// anybody else. A plan that must be approved is an error. What came of the run is
// told in any case.
func (p *Pipeline) Take(ctx context.Context, run aloft.Run, out io.Writer) (Taken, error) {
	var taken steps
	j := journey{
		run:         run,
		environment: aloft.Environment{EnvironmentKey: run.EnvironmentKey},
		mask:        func(...string) {},
		hide:        func(text string) string { return text },
		recorder:    &recorder{runID: run.ID, voice: &voice{out: out}, put: taken.put},
		update:      func(func(*aloft.Environment)) error { return nil },
	}
	voice := j.recorder.voice
	voice.headline("%s %s: %s %s", run.Project, run.Branch(), run.Operation, short(run.Revision))
	reached, err := p.operate(ctx, j)
	run.FinishedAt = time.Now()
	plan, planErr := p.keptPlan(run)
	if err == nil {
		err = planErr
	}
	took := aloft.Seconds(run.FinishedAt.Sub(run.StartedAt))
	if err != nil {
		run.Status, run.Error, run.ErrorCode, run.Hint = aloft.RunFailed, err.Error(), aloft.ErrorCode(err), aloft.ErrorHint(err)
		voice.fail(err)
		voice.headline("%s failed after %s", run.Operation, took)
	} else {
		run.Status = aloft.RunSucceeded
		voice.headline("%s: %s done in %s", run.Branch(), run.Operation, took)
	}
	return Taken{Run: run, Steps: taken.list, URLs: reached.urls, Plan: plan}, err
}

// keptPlan returns the plan that a run has made, or nil.
func (p *Pipeline) keptPlan(run aloft.Run) (*aloft.Plan, error) {
	data, err := os.ReadFile(p.planPath(run.ID))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var plan aloft.Plan
	if err == nil {
		err = json.Unmarshal(data, &plan)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the plan of run %d: %w", run.ID, err)
	}
	return &plan, nil
}

// steps are the steps of a run that nobody else records.
type steps struct {
	mu   sync.Mutex // two may be taken at the same time
	list []aloft.Step
}

// put inserts or replaces a step by its name.
func (s *steps) put(step aloft.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.list, func(known aloft.Step) bool { return known.Name == step.Name }); i >= 0 {
		s.list[i] = step
	} else {
		s.list = append(s.list, step)
	}
	return nil
}
