package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/aloft-dev/aloft"
)

// ask is one time that somebody asked for the end of an environment: the runs
// that came meanwhile may be of that. Whoever was not answered may have been
// heard all the same, also later.
type ask struct{ after, until int64 }

func (a ask) covers(run int64) bool { return a.after < run && run <= a.until }

// push pushes a commit to the environment's branch; "" deletes it.
func (p *project) push(ctx context.Context, commit string, options ...string) (output string, err error) {
	args := []string{"push"}
	for _, option := range options {
		args = append(args, "-o", option)
	}
	args = append(args, p.remote, commit+":refs/heads/"+p.key.Branch())
	if commit != "" {
		return p.git(ctx, args...)
	}
	err = p.asks(func() error {
		output, err = p.git(ctx, args...)
		return err
	})
	return output, err
}

// asks remembers that the environment's end is asked for.
func (p *project) asks(do func() error) error {
	after, err := p.newest()
	if err != nil {
		return err
	}
	one := &ask{after: after, until: math.MaxInt64}
	p.mu.Lock()
	p.asked = append(p.asked, one)
	p.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	until, err := p.newest()
	p.mu.Lock()
	one.until = until
	p.mu.Unlock()
	return err
}

// nobodyAsked returns the destroys among runs, the oldest first, that nobody
// asked for.
func nobodyAsked(runs []aloft.Run, asked []*ask) []string {
	unheard := slices.Clone(asked)
	slices.SortFunc(unheard, func(a, b *ask) int { return cmp.Compare(a.until, b.until) })
	var uncalled []string
	for _, run := range runs {
		if run.Operation != aloft.OperationDestroy || run.Status == aloft.RunSuperseded {
			continue
		}
		i := slices.IndexFunc(unheard, func(a *ask) bool { return a.covers(run.ID) })
		if i < 0 {
			uncalled = append(uncalled, fmt.Sprintf("run %d destroys it (%s), and nobody asked for that", run.ID, run.Trigger))
			continue
		}
		unheard = slices.Delete(unheard, i, i+1)
	}
	return uncalled
}
